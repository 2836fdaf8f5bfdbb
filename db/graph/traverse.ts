import { type SQL, sql } from 'drizzle-orm'
import { notFound } from '../../core/errors.ts'
import { checkRequest } from '../../core/graph/check-request.ts'
import {
  type Component,
  type ComponentRequest,
  DEFAULT_DEPTH,
  DEFAULT_LISTED,
  DEFAULT_LISTED_EDGES,
  type Reached,
  type Stopped,
  type Subgraph,
  type SubgraphRequest,
  type Traversal,
  type TraverseRequest,
} from '../../core/graph/engine.ts'
import type { Row } from '../client.ts'
import type { ReadAt } from '../queries/entities.ts'
import { checkPassing, textsOf, uuidOf, uuidsOf, withFilter } from './filters.ts'
import { costOf, type GraphSource, maxEdgesOf, type Searched, search, waysOf } from './source.ts'

/** What `tendril_traverse` shall do besides what all searches by depth have in common. */
type Search = {
  readonly starts: readonly string[]
  /** `null`: as far as it goes. */
  readonly depth: number | null
  /** Most entities besides the starts, which end the search; `null`: any number. */
  readonly room: number | null
  /** How many entities are listed; `null`: all. */
  readonly listed: number | null
  readonly withTree: boolean
  /** `null`: no edges between the entities are looked for. */
  readonly edgeLimit: number | null
}

export async function traverse(
  source: GraphSource,
  request: TraverseRequest,
): Promise<ReadAt<Traversal>> {
  checkRequest(request)
  const { output = 'entities', depth = DEFAULT_DEPTH, limit = DEFAULT_LISTED } = request
  const starts = distinct(request.starts)
  const isCount = output === 'count'
  const searched = await run(source, request, {
    ...{ starts, depth, edgeLimit: null, withTree: output === 'entities' },
    ...{ room: isCount ? null : limit, listed: isCount ? 0 : null },
  })
  const { byDepth, ids, ...found } = foundBy(searched)
  const cost = costOf(request, searched, found)
  const entities = reachedOf(searched.row, byDepth)
  const value: Traversal = {
    ...{ stopped: found.stopped, byDepth, entities, cost },
    ids: output === 'ids' ? ids : [],
  }
  return at(searched, value)
}

export async function subgraph(
  source: GraphSource,
  request: SubgraphRequest,
): Promise<ReadAt<Subgraph>> {
  checkRequest(request)
  const { depth = DEFAULT_DEPTH, limit = DEFAULT_LISTED } = request
  const { edgeLimit = DEFAULT_LISTED_EDGES } = request
  const starts = distinct(request.starts)
  const searched = await run(source, request, {
    ...{ starts, depth, room: limit, listed: null, withTree: true, edgeLimit },
  })
  const { byDepth, ids: _, ...found } = foundBy(searched)
  const cost = costOf(request, searched, found)
  const links = (searched.row?.links ?? []) as readonly [number, string, string, string][]
  return at(searched, {
    stopped: found.stopped,
    entities: reachedOf(searched.row, byDepth),
    edges: links.map(([createdSeq, type, from, to]) => ({ createdSeq, type, from, to })),
    cost,
  })
}

export async function component(
  source: GraphSource,
  request: ComponentRequest,
): Promise<ReadAt<Component>> {
  checkRequest(request)
  const { entity, limit = DEFAULT_LISTED } = request
  const searched = await run(
    source,
    { ...request, direction: 'both' },
    {
      ...{ starts: [entity], depth: null, room: null, listed: limit },
      ...{ withTree: false, edgeLimit: null },
    },
  )
  const { byDepth: _, ids, ...found } = foundBy(searched)
  const cost = costOf(request, searched, found)
  const stopped = found.stopped ?? (found.nodes > limit ? 'limit' : null)
  return at(searched, { stopped, size: found.nodes, ids, cost })
}

async function run(
  source: GraphSource,
  request: Omit<TraverseRequest, 'starts' | 'depth' | 'limit' | 'output'>,
  { starts, depth, room, listed, withTree, edgeLimit }: Search,
): Promise<Searched> {
  for (const id of starts) uuidOf(id)
  const searched = await search(
    source,
    request,
    (maxMs): SQL => sql`${withFilter(source, request)}
      select t.missing, array_to_json(t.by_depth) as by_depth, t.edges, t.stopped,
        ${withTree ? sql`null` : sql`array_to_json(t.ids)`} as ids, t.entities, t.links, f.passing
      from filter f, tendril_traverse(${source.graph.graphId}::uuid, ${uuidsOf(starts)},
        ${waysOf(request.direction ?? 'out')}, ${textsOf(request.types)}, f.entity_types,
        f.candidates, ${depth}::int, ${room}::bigint, ${listed}::int, ${withTree}::boolean,
        ${edgeLimit}::bigint, ${maxEdgesOf(request)}, ${maxMs}::float8) t`,
  )
  checkPassing(searched.row)
  const missing = searched.row?.missing
  if (typeof missing === 'string') throw notFound(`entity ${missing}`)
  return searched
}

function foundBy({ row }: Searched) {
  const byDepth = (row?.by_depth ?? []) as readonly number[]
  return {
    byDepth,
    nodes: byDepth.reduce((sum, each) => sum + each, 0),
    edges: Number(row?.edges ?? 0),
    stopped: row ? (row.stopped as Stopped | null) : ('deadline' as const),
    ids: (row?.ids ?? []) as readonly string[],
  }
}

type EntityRow = readonly [
  id: string,
  type: string,
  from: string | null,
  createdSeq: number,
  viaType: string,
  isIn: boolean,
]

function reachedOf(row: Row | null, byDepth: readonly number[]): Reached[] {
  const rows = (row?.entities ?? []) as readonly EntityRow[]
  const depths = byDepth.flatMap((count, depth) => new Array<number>(count).fill(depth))
  return rows.map(([id, type, from, createdSeq, viaType, isIn], i) => {
    const hop = { createdSeq, type: viaType, passed: isIn ? 'in' : 'out' } as const
    return { id, type, depth: depths[i] ?? 0, via: from === null ? null : { ...hop, from } }
  })
}

/** In the order of the request; a repeated one counts once. */
function distinct(ids: readonly string[]): string[] {
  return [...new Set(ids)]
}

function at<T>({ seq, historyId }: Searched, value: T): ReadAt<T> {
  return { value, seq, historyId }
}
