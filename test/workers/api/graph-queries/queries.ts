import type { Answered, GraphEngine } from '../../../../core/graph/engine.ts'
import type { JsonObject } from '../../../../core/json.ts'
import {
  shownCommon,
  shownComponent,
  shownDegree,
  shownPaths,
  shownSubgraph,
  shownTraversal,
} from '../../../../workers/api/graph-answers.ts'
import type { Queried } from '../../../../workers/operations/graph-queries.ts'
import type { GraphContents } from '../../../contracts/graph-engine/contents.ts'
import { referenceEngine } from '../../../contracts/graph-engine/reference.ts'

export type CostShown = {
  readonly engine: 'memory' | 'sql'
  readonly seq: number
  readonly nodes: number
  readonly edges: number
}

export type QueryAnswer = { readonly stopped: string | null; readonly cost: CostShown }

/** A request, and what a plain reading of the contract answers to it. */
export type Query = {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: JsonObject
  readonly expected: (contents: GraphContents) => Promise<JsonObject>
}

/** Queries of every route about two entities. The graph has entities of types `a` and `b`. */
export function queriesOf(one: string, other: string): Query[] {
  const both = { ids: [one, other] }
  return [
    post('/traverse', { ids: [one], depth: 3 }, (engine) =>
      engine.traverse({ starts: [one], depth: 3 }).then(traversal('entities')),
    ),
    post('/traverse', { ...both, depth: 2, direction: 'both', return: 'ids' }, (engine) =>
      engine
        .traverse({ starts: [one, other], depth: 2, direction: 'both', output: 'ids' })
        .then(traversal('ids')),
    ),
    post('/traverse', { ids: [one], depth: 10, return: 'count', entity_types: ['a'] }, (engine) =>
      engine
        .traverse({ starts: [one], depth: 10, output: 'count', entityTypes: ['a'] })
        .then(traversal('count')),
    ),
    post('/traverse', { ids: [one], depth: 4, where: { 'properties.v[gte]': 2 } }, (engine, all) =>
      engine
        .traverse({
          ...{ starts: [one], depth: 4 },
          candidates: all.entities
            .filter(({ properties }) => Number(properties?.v) >= 2)
            .map(({ id }) => id),
        })
        .then(traversal('entities')),
    ),
    post('/subgraph', { ids: [one], depth: 2, limit: 4, edge_limit: 5 }, (engine) =>
      engine
        .subgraph({ starts: [one], depth: 2, direction: 'both', limit: 4, edgeLimit: 5 })
        .then((found) => shownSubgraph(asked(found))),
    ),
    post('/paths', { from_id: one, to_id: other, k: 4, max_length: 4 }, (engine) =>
      engine
        .paths({ from: one, to: other, k: 4, maxLength: 4 })
        .then((found) => shownPaths(asked(found))),
    ),
    post('/paths', { from_id: one, to_id: other, weight: 'properties.w' }, (engine) =>
      engine
        .paths({ from: one, to: other, weighted: true })
        .then((found) => shownPaths(asked(found))),
    ),
    post('/common-neighbors', both, (engine) =>
      engine.common({ entities: [one, other] }).then((found) => shownCommon(asked(found))),
    ),
    get(`/entities/${one}/component?limit=5`, (engine) =>
      engine.component({ entity: one, limit: 5 }).then((found) => shownComponent(asked(found))),
    ),
    get(`/entities/${one}/degree?relationship_types=x`, (engine) =>
      engine.degree({ entity: one, types: ['x'] }).then((found) => shownDegree(asked(found))),
    ),
  ]
}

type Run = (engine: GraphEngine, contents: GraphContents) => Promise<object>

function post(path: string, body: JsonObject, run: Run): Query {
  return { method: 'POST', path, body, expected: expectedBy(run) }
}

function get(path: string, run: Run): Query {
  return { method: 'GET', path, expected: expectedBy(run) }
}

function expectedBy(run: Run): Query['expected'] {
  return async (contents) => plain(await run(referenceEngine(contents), contents))
}

const asked = <T extends Answered>(found: T): Queried<T> => ({ found, records: null })

function traversal(shown: 'count' | 'ids' | 'entities') {
  return (found: Parameters<typeof shownTraversal>[0]['found']) =>
    shownTraversal(asked(found), shown)
}

/** Without what says how an answer came about, and as it looks after it was JSON. */
export function plain(answer: object): JsonObject {
  const { cost: _, ...rest } = JSON.parse(JSON.stringify(answer)) as JsonObject
  return rest
}
