import { PgDialect } from 'drizzle-orm/pg-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import type { GraphRequest } from '../../../core/log/requests.ts'
import { commitPayload } from '../../../db/commit/payload.ts'
import { commitStatement } from '../../../db/commit/statement.ts'
import { buildIndexPage, dropIndexPage } from '../../../db/queries/index-build.ts'
import { loadTypeTask, type TypeTaskProgress } from '../../../db/queries/type-tasks.ts'
import { createEntity, request, update } from '../../contracts/graph-log-store/requests.ts'
import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { range } from '../../harness/sequences.ts'
import { IndexedGraph, TABLES } from './indexed-graph.ts'
import { randomContent, randomRequest } from './random-writes.ts'

const seed = Number(process.env.TENDRIL_SEED ?? Date.now() % 1_000_000)

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

async function declareAll(graph: IndexedGraph): Promise<TypeTaskProgress[]> {
  const tasks: TypeTaskProgress[] = []
  for (const [kind, name] of [
    ['entity', 'port'],
    ['relationship', 'route'],
  ] as const) {
    const own = kind === 'entity' ? ['name'] : []
    tasks.push(await graph.declare(kind, name, 'composite', ['properties.state', ...own]))
    tasks.push(
      await graph.declare(kind, name, 'composite', ['properties.size', 'properties.deep.er']),
    )
    tasks.push(await graph.declare(kind, name, 'text', ['properties.note']))
    tasks.push(await graph.declare(kind, name, 'fulltext', [...own, 'properties.note']))
  }
  tasks.push(await graph.declare('entity', 'port', 'text', ['name']))
  tasks.push(await graph.declare('entity', 'port', 'geo', []))
  return tasks
}

async function expectExact(graph: IndexedGraph): Promise<void> {
  for (const index of graph.indexes) {
    const what = `${index.kind} ${index.method} ${index.fields.join()}`
    expect(await graph.entries(index), what).toEqual(await graph.expectedEntries(index))
  }
}

/** Works a building off as the background does, from wherever the task is. */
async function build(graph: IndexedGraph, task: TypeTaskProgress): Promise<number> {
  const index = graph.indexes.find(({ id }) => task.task === `build:${id}`)
  if (!index) throw new Error(`no index for ${task.task}`)
  for (let pages = 1; ; pages += 1) {
    const loaded = await loadTypeTask(shard.database, graph.address, task)
    if (!loaded.task) throw new Error('the task is not there')
    const page = await buildIndexPage(shard.database, graph.address, loaded.task, index)
    if (page.status === 'last') return pages
  }
}

async function totalEntries(graph: IndexedGraph): Promise<number> {
  const counts = Object.values(TABLES).map(
    (table) => `(select count(*) from ${table} where graph_id = $1)`,
  )
  const { rows } = await shard.owner.query<{ n: number }>(
    `select (${counts.join(' + ')})::int as n`,
    [graph.address.graphId],
  )
  return rows[0]?.n ?? 0
}

describe('the commit', () => {
  it(`keeps every index exactly as its records are, whatever is written (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const graph = await IndexedGraph.create(shard)
    await declareAll(graph)
    const outcomes = new Set<string>()
    const filled = new Set<string>()
    // Chance may leave an index without a record that it holds: then there are more rounds.
    const isFilled = () => filled.size === graph.indexes.length
    for (let round = 0; round < 150 || (round < 1_500 && !isFilled()); round += 1) {
      const [answer] = await graph.commit(randomRequest(random, 12))
      if (answer?.status === 'committed') {
        for (const result of answer.results) {
          outcomes.add('outcome' in result ? result.outcome : result.refused)
        }
      }
      if (round % 15 !== 14) continue
      await expectExact(graph)
      for (const index of graph.indexes) {
        if ((await graph.entries(index)).length > 0) filled.add(index.id)
      }
    }
    expect([...outcomes]).toEqual(
      expect.arrayContaining(['created', 'updated', 'deleted', 'from_not_found']),
    )
    expect(isFilled()).toBe(true)
  })

  it('writes nothing to an index whose fields an update leaves alone', async () => {
    const graph = await IndexedGraph.create(shard)
    await declareAll(graph)
    const properties = { state: 'CA', size: 1, note: 'a note', deep: { er: true } }
    const first = { name: 'Port', location: { lat: 1, lon: 2 }, properties }
    const entity = createEntity({ type: 'port', content: first })
    await graph.commit(request({ entities: [entity] }))
    const places = async () => {
      const tables = Object.values(TABLES).map(
        (table) => `select '${table}' || ctid || xmin as place from ${table} where graph_id = $1`,
      )
      const { rows } = await shard.owner.query(`${tables.join(' union all ')} order by 1`, [
        graph.address.graphId,
      ])
      return rows
    }
    const before = await places()
    expect(before).toHaveLength(6)
    const named = { id: entity.id ?? '' }
    const [{ rows }] = [
      await shard.owner.query<{ version: number }>(
        'select version::int from entities where id = $1',
        [named.id],
      ),
    ]
    const version = rows[0]?.version ?? 0
    const other = { ...first, properties: { ...properties, other: 1 } }
    await graph.commit(request({ entities: [update(named, version, other)] }))
    expect(await places()).toEqual(before)
    await expectExact(graph)
  })

  it('is the statement it always was where the graph has no indexes', async () => {
    const graph = await IndexedGraph.create(shard)
    const sqlOf = (change: Partial<GraphRequest>) =>
      new PgDialect().sqlToQuery(
        commitStatement(
          graph.address,
          commitPayload([request({ entities: [createEntity()], ...change })]),
        ),
      ).sql
    expect(sqlOf({ indexMethods: [] })).toBe(sqlOf({}))
    expect(sqlOf({})).not.toMatch(/types|_entries/)
    expect(sqlOf({ indexMethods: ['geo'] })).toMatch(/geo_entries/)
    expect(sqlOf({ indexMethods: ['geo'] })).not.toMatch(/index_entries/)
  })

  it('adds nothing to an index that is no longer declared', async () => {
    const graph = await IndexedGraph.create(shard)
    await graph.declare('entity', 'port', 'composite', ['properties.a'])
    const [index] = graph.indexes
    if (!index) throw new Error('no index')
    await graph.drop(index)
    await graph.declare('entity', 'port', 'composite', ['properties.b'])
    await graph.commit(request({ entities: [createEntity({ type: 'port' })] }))
    expect(await graph.entries(index)).toEqual([])
    await expectExact(graph)
  })
})

describe('an index that is built while others write', () => {
  it(`is exact in the end, with two runners and a crash or two (seed ${seed})`, async () => {
    const random = seededRandom(seed)
    const graph = await IndexedGraph.create(shard)
    const ids = Array.from({ length: 4_000 }, (_, i) => `e-port-${i}`)
    for (let start = 0; start < ids.length; start += 1_000) {
      const entities = ids.slice(start, start + 1_000).map((externalId, op) =>
        createEntity({
          op,
          id: random.uuid(),
          externalId,
          type: 'port',
          content: randomContent(random),
        }),
      )
      await graph.commit(request({ entities }))
    }
    const tasks = await declareAll(graph)
    let building = true
    let commits = 0
    const writing = (async () => {
      while (building) {
        const requests = Array.from({ length: 5 }, () => randomRequest(random, ids.length))
        for (const each of requests) await graph.commit(each)
        commits += requests.length
      }
    })()
    try {
      for (const task of tasks) {
        const pages = await Promise.all([build(graph, task), build(graph, task)])
        // A crash before the end was noted: the last page is done again.
        await build(graph, task)
        if (task.kind === 'entity') expect(Math.max(...pages)).toBeGreaterThan(2)
      }
    } finally {
      building = false
      await writing
    }
    expect(commits).toBeGreaterThan(20)
    await expectExact(graph)
  })

  it('counts its records once, and takes up where a run ended', async () => {
    const graph = await IndexedGraph.create(shard)
    for (const type of ['port', 'other', 'port']) {
      const entities = range(900).map((op) => createEntity({ op, type }))
      await graph.commit(request({ entities }))
    }
    const task = await graph.declare('entity', 'port', 'composite', ['properties.a'])
    const [index] = graph.indexes
    if (!index) throw new Error('no index')
    const first = await buildIndexPage(shard.database, graph.address, task, index)
    expect(first).toMatchObject({ status: 'moved', task: { done: 1_000 } })
    expect(await graph.entries(index)).toHaveLength(1_000)
    // The page that somebody else has done in the meantime.
    expect(await buildIndexPage(shard.database, graph.address, task, index)).toEqual({
      status: 'overtaken',
    })
    expect(await build(graph, task)).toBe(1)
    await expectExact(graph)
    expect(await graph.entries(index)).toHaveLength(1_800)
  })

  it('stops when the index is dropped or the graph deleted', async () => {
    const graph = await IndexedGraph.create(shard)
    await graph.commit(request({ entities: [createEntity({ type: 'port' })] }))
    const task = await graph.declare('entity', 'port', 'composite', ['properties.a'])
    const [index] = graph.indexes
    if (!index) throw new Error('no index')
    await graph.drop(index)
    const page = () => buildIndexPage(shard.database, graph.address, task, index)
    expect(await page()).toEqual({ status: 'overtaken' })
    await shard.owner.query('update graphs set deleted_at = now() where id = $1', [
      graph.address.graphId,
    ])
    await expect(page()).rejects.toSatisfy(
      (error) => isAppError(error) && error.code === 'not_found',
    )
    expect(await totalEntries(graph)).toBe(0)
  })
})

describe('a dropped index', () => {
  it('loses its entries page by page, and no other does', async () => {
    const graph = await IndexedGraph.create(shard)
    const theirs = await IndexedGraph.create(shard, graph.address.tenantId)
    for (const each of [graph, theirs]) {
      await declareAll(each)
      for (let start = 0; start < 6; start += 1) {
        const entities = range(1_000).map((op) =>
          createEntity({
            ...{ op, type: 'port' },
            content: {
              name: `Port ${op}`,
              location: { lat: 1, lon: 1 },
              properties: { note: 'note' },
            },
          }),
        )
        await each.commit(request({ entities }))
      }
    }
    const before = await totalEntries(theirs)
    for (const index of [...graph.indexes]) {
      const count = (await graph.entries(index)).length
      let task = await graph.drop(index)
      const sizes: number[] = []
      for (;;) {
        const page = await dropIndexPage(shard.database, graph.address, task, index.id)
        if (page.status !== 'moved') break
        sizes.push(page.task.done - task.done)
        task = page.task
      }
      expect(sizes).toEqual(count === 0 ? [] : [5_000, 1_000])
      expect(await graph.entries(index)).toEqual([])
      await expectExact(graph)
    }
    expect(await totalEntries(theirs)).toBe(before)
  })
})
