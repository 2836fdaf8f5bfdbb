import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import { MAX_CANDIDATES } from '../../../core/graph/engine.ts'
import { tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { ListQuery } from '../../../core/log/list-query.ts'
import type { DeclaredIndex } from '../../../core/types/definition.ts'
import { type IndexPlan, NO_INDEXES, planIndexes } from '../../../core/types/index-plan.ts'
import { findCandidates } from '../../../db/graph/filters.ts'
import type { GraphSource } from '../../../db/graph/source.ts'
import { sqlGraphEngine } from '../../../db/graph/sql-graph-engine.ts'
import { traverse } from '../../../db/graph/traverse.ts'
import { contentsOf, type GraphContents, idOf } from '../../contracts/graph-engine/contents.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { storeGraph } from './stored-graph.ts'

/** A chain of six whose entities are of the types a, b, c in turn, and of one `os` or another. */
const chain = contentsOf(
  6,
  [0, 1, 2, 3, 4].map((n) => [n, n + 1] as const),
)
const CHAIN: GraphContents = {
  ...chain,
  entities: chain.entities.map((entity, n) => {
    return { ...entity, properties: { os: n % 4 === 3 ? 'windows' : 'linux', n } }
  }),
}

let shard: MigratedDatabase
let graph: GraphAddress

beforeAll(async () => {
  shard = await createMigrated('shard')
  graph = await storeGraph(shard, CHAIN)
})
afterAll(() => shard.drop())

function sourceOf(change: Partial<GraphSource> = {}): GraphSource {
  return {
    ...{ shard: shard.database, graph, now: Date.now, weightPath: null, where: null },
    ...change,
  }
}

function query(change: Partial<ListQuery>): ListQuery {
  return {
    ...{ type: null, externalId: null, namePrefix: null, fromId: null, toId: null },
    ...{ properties: [], contains: [], search: null, near: null, limit: 1, after: null },
    sort: { by: 'created_at', descending: true },
    ...change,
  }
}

const LINUX = query({ properties: [{ path: ['os'], comparison: 'eq', value: 'linux' }] })

async function codeOf(run: () => Promise<unknown>): Promise<string> {
  try {
    await run()
  } catch (error) {
    if (isAppError(error)) return error.code
    throw error
  }
  return 'nothing was refused'
}

const everywhere = { starts: [idOf(0)], depth: 9, output: 'ids' } as const

describe('conditions on entities', () => {
  it('bind what a search enters, besides the filters of its request', async () => {
    const engine = sqlGraphEngine(sourceOf({ where: { query: LINUX, plan: NO_INDEXES } }))
    const { ids } = await engine.traverse(everywhere)
    expect(ids).toEqual([idOf(0), idOf(1), idOf(2)])
    const both = await engine.traverse({ ...everywhere, candidates: [idOf(1), idOf(3)] })
    expect(both.ids).toEqual([idOf(0), idOf(1)])
    const degree = await engine.degree({ entity: idOf(2), direction: 'both' })
    expect([degree.out, degree.in, degree.cost.edges]).toEqual([0, 1, 2])
    const path = await engine.paths({ from: idOf(0), to: idOf(3) })
    expect(path.paths).toHaveLength(1)
    expect((await engine.paths({ from: idOf(0), to: idOf(4) })).paths).toEqual([])
  })

  it('are those of lists: types, ranges, and neither order nor page', async () => {
    const range = query({
      ...{ type: 'a', sort: { by: 'property', path: ['n'], descending: false } },
      properties: [{ path: ['n'], comparison: 'gte', value: 1 }],
    })
    const found = await findCandidates(shard.database, graph, range, NO_INDEXES)
    expect(found.value).toEqual([idOf(3)])
    expect(found.seq).toBe(CHAIN.seq)
  })

  it('find the same by a declared index', async () => {
    const indexId = randomUUID()
    await shard.owner.query(
      `insert into index_entries (tenant_id, graph_id, index_id, record_id, key)
        select tenant_id, graph_id, $2, id, tendril_index_key('{properties.os}', '', properties)
        from entities where graph_id = $1 and type = 'a'`,
      [graph.graphId, indexId],
    )
    const ofType = { ...LINUX, type: 'a' }
    const index: DeclaredIndex = {
      ...{ id: indexId, name: 'os', method: 'composite', status: 'ready' },
      fields: ['properties.os'],
    }
    const plans = [
      planIndexes(ofType, [index]).plan,
      planIndexes({ ...ofType, sort: { by: 'id', descending: false } }, [index]).plan,
    ]
    expect(plans.map(({ narrowing }) => narrowing?.by)).toEqual(['composite', undefined])
    const ask = async (plan: IndexPlan) =>
      (await findCandidates(shard.database, graph, ofType, plan)).value
    expect(await ask(NO_INDEXES)).toEqual([idOf(0)])
    for (const plan of plans) expect(await ask(plan)).toEqual([idOf(0)])
    // The index is what is read: without its entries nothing is found.
    await shard.owner.query('delete from index_entries where graph_id = $1', [graph.graphId])
    for (const plan of plans) expect(await ask(plan)).toEqual([])
  })

  it('that more entities satisfy than a search can take are refused', async () => {
    const large = await storeGraph(shard, contentsOf(1, []))
    const add = (count: number) =>
      shard.owner.query(
        `insert into entities (tenant_id, graph_id, id, type, name_key, properties, version,
            created_at, updated_at)
          select $1, $2, gen_random_uuid(), 'a', '', '{}', 1, now(), now()
          from generate_series(1, $3::int)`,
        [large.tenantId, large.graphId, count],
      )
    await add(MAX_CANDIDATES - 1)
    const where = { query: query({ type: 'a' }), plan: NO_INDEXES }
    const engine = sqlGraphEngine(sourceOf({ graph: large, where }))
    const ask = () => engine.traverse({ starts: [idOf(0)] })
    const find = () => findCandidates(shard.database, large, where.query, where.plan)
    expect((await ask()).stopped).toBeNull()
    expect((await find()).value).toHaveLength(MAX_CANDIDATES)
    await add(1)
    expect(await codeOf(ask)).toBe('cost_exceeded')
    expect(await codeOf(find)).toBe('cost_exceeded')
  })
})

describe('an answer', () => {
  it('comes with the seq and history of its own snapshot', async () => {
    const { rows } = await shard.owner.query('select history_id from graphs where id = $1', [
      graph.graphId,
    ])
    const { seq, historyId, value } = await traverse(sourceOf(), everywhere)
    expect([seq, historyId]).toEqual([CHAIN.seq, rows[0]?.history_id])
    expect(value.cost).toMatchObject({ engine: 'sql', seq: CHAIN.seq })
  })

  it('is of no other tenant, whatever the functions are asked', async () => {
    const stranger = tenantId(randomUUID())
    const asStranger = sqlGraphEngine(sourceOf({ graph: { ...graph, tenantId: stranger } }))
    expect(await codeOf(() => asStranger.traverse(everywhere))).toBe('not_found')
    const client = await shard.owner.query<{ prosecdef: boolean }>(
      `select prosecdef from pg_proc where proname in ('tendril_traverse', 'tendril_edges_of',
        'tendril_weighted_edges_of', 'tendril_shortest_path', 'tendril_lightest_path',
        'tendril_paths')`,
    )
    expect(client.rows.map(({ prosecdef }) => prosecdef)).toEqual(Array(6).fill(false))
  })
})

describe('a search whose time is up', () => {
  it('answers with what it named, or is refused if it wants to be', async () => {
    const engine = sqlGraphEngine(sourceOf())
    const late = { deadlineAtMs: Date.now() - 1 }
    const answer = await engine.traverse({ ...everywhere, ...late })
    expect(answer).toMatchObject({ stopped: 'deadline', ids: [idOf(0)], cost: { edges: 0 } })
    const component = await engine.component({ entity: idOf(0), ...late })
    expect(component).toMatchObject({ stopped: 'deadline', size: 1 })
    for (const weighted of [false, true]) {
      const source = sqlGraphEngine(sourceOf({ weightPath: ['cost'] }))
      const path = { from: idOf(0), to: idOf(5), weighted, ...late }
      expect(await source.paths(path)).toMatchObject({ stopped: 'deadline', paths: [] })
      expect(await codeOf(() => source.paths({ ...path, onCap: 'error' }))).toBe('cost_exceeded')
    }
  })

  it('is stopped while it reads a level, and keeps the levels before', async () => {
    await shard.owner.query('begin')
    await shard.owner.query('lock table relationships in access exclusive mode')
    try {
      const engine = sqlGraphEngine(sourceOf())
      const soon = () => ({ deadlineAtMs: Date.now() + 500 })
      const answer = await engine.traverse({ ...everywhere, ...soon() })
      expect(answer).toMatchObject({ stopped: 'deadline', ids: [idOf(0)], byDepth: [1] })
      const path = await engine.paths({ from: idOf(0), to: idOf(5), ...soon() })
      expect(path).toMatchObject({ stopped: 'deadline', paths: [], cost: { seq: CHAIN.seq } })
      const degree = await engine.degree({ entity: idOf(0), ...soon() })
      expect(degree).toMatchObject({ stopped: 'deadline', out: 0, cost: { seq: CHAIN.seq } })
      const common = await engine.common({ entities: [idOf(0), idOf(2)], ...soon() })
      expect(common).toMatchObject({ stopped: 'deadline', count: 0 })
    } finally {
      await shard.owner.query('rollback')
    }
  })
})

describe('weights', () => {
  it('are refused where no property weighs the edges', async () => {
    const engine = sqlGraphEngine(sourceOf())
    const ask = () => engine.paths({ from: idOf(0), to: idOf(1), weighted: true })
    expect(await codeOf(ask)).toBe('invalid')
  })
})
