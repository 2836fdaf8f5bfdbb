import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import { footprint } from '../../../core/log/footprint.ts'
import { type Database, DatabaseError } from '../../../db/client.ts'
import { graphLogStore } from '../../../db/commit/graph-log-store.ts'
import { loadTypeTask, moveTypeTask, waitingTypeTasks } from '../../../db/queries/type-tasks.ts'
import { LogRunner } from '../../../durable-objects/graph-log/runner.ts'
import { checkPage } from '../../../workers/operations/type-tasks/check.ts'
import { runTypeTask, type TaskRun } from '../../../workers/operations/type-tasks/run.ts'
import { runWaitingTypeTasks } from '../../../workers/operations/type-tasks/run-waiting.ts'
import { defineType, request, typeState } from '../../contracts/graph-log-store/requests.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { inconsistencies } from '../../harness/graph-log/inconsistencies.ts'
import { readGraphContents } from '../../harness/graph-log/read-contents.ts'
import { range } from '../../harness/sequences.ts'

const CHECK = { kind: 'entity', name: 'thing', task: 'check' } as const
const NARROW = { properties: { size: { type: 'integer' } } }
const NO_END = { maxPages: 1_000, untilMs: Number.POSITIVE_INFINITY }

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

/** A graph with records of one type, and a schema for it that is being checked. */
async function newGraph(records: number, tenant = randomUUID()) {
  const graph: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(tenant),
    graphId: graphId(randomUUID()),
    shardId: 's',
    epoch: 1,
  }
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
    [tenant, graph.graphId],
  )
  const log = new LogRunner(graphLogStore(shard.database, graph), footprint)
  const submit = async (parts: Parameters<typeof request>[0]) => {
    const answer = await log.submit(request({ schemaSeq: 0, ...parts }))
    if (answer.status !== 'committed') throw new Error(JSON.stringify(answer))
    return answer
  }
  for (let first = 0; first < records; first += 1_000) {
    const entities = range(Math.min(1_000, records - first)).map((op) => ({
      op,
      action: 'create' as const,
      id: randomUUID(),
      externalId: `e${first + op}`,
      type: 'thing',
      content: { name: null, location: null, properties: { size: first + op } },
    }))
    await submit({ entities })
  }
  const change = { status: 'checking', json_schema: NARROW } as const
  const changing = { event: 'type.changing', startTasks: ['check'] } as const
  const types = [defineType('thing', { ...changing, after: typeState({ change }) })]
  const { seq } = await submit({ types })
  const run: TaskRun = {
    services: {
      shard: () => shard.database,
      commit: (_, asked) => log.submit(asked),
      newId: randomUUID,
      now: () => 0,
    },
    graph,
    name: CHECK,
    origin: { actor: 'test', requestId: 'test' },
  }
  const contents = () => readGraphContents(shard.owner, tenant, graph.graphId)
  return { graph, run, submit, contents, seq }
}

/** Behind the log's back, so that its version says nothing of it. */
const spoil = (graph: GraphAddress, externalId: string) =>
  shard.owner.query(
    `update entities set properties = '{"size": "x"}' where graph_id = $1 and external_id = $2`,
    [graph.graphId, externalId],
  )

const progress = async (graph: GraphAddress) =>
  (await loadTypeTask(shard.database, graph, CHECK)).task

describe('a check of records against a narrower schema', () => {
  it('goes on where the run before it stopped, page by page', async () => {
    const { graph, run, contents } = await newGraph(2_300)
    const outcomes: string[] = []
    const done: (number | undefined)[] = []
    while (outcomes.at(-1) !== 'ended') {
      outcomes.push(await runTypeTask(run, { ...NO_END, maxPages: 1 }))
      done.push((await progress(graph))?.done)
    }
    expect(done).toEqual([1_000, 2_000, undefined])
    const { types, tasks, events } = await contents()
    expect([types, tasks]).toMatchObject([[{ json_schema: NARROW, change: null }], []])
    expect(events.slice(2_300).map(({ kind }) => kind)).toEqual(['type.changing', 'type.changed'])
    expect(inconsistencies(await contents())).toEqual([])
  })

  it('is done by several runs at once as by one', async () => {
    const { graph, run, contents } = await newGraph(2_300)
    const last = (await contents()).entities.at(-1)
    await spoil(graph, last?.external_id ?? '')
    await Promise.all(range(3).map(() => runTypeTask(run, NO_END)))
    const { types, events } = await contents()
    const examples = [{ id: last?.id, external_id: last?.external_id }]
    expect(types).toMatchObject([{ json_schema: {}, change: { status: 'refused', examples } }])
    const kinds = events.slice(2_300).map(({ kind }) => kind)
    expect(kinds).toEqual(['type.changing', 'type.change_refused'])
  })

  it('takes smaller pages where a page is more than the database sends', async () => {
    const { graph, run, contents } = await newGraph(700)
    await spoil(graph, 'e699')
    const sizes: number[] = []
    const narrow: Database = {
      ...shard.database,
      async batch(tenant, statements, options) {
        const results = await shard.database.batch(tenant, statements, options)
        const rows = Math.max(...results.map(({ length }) => length))
        if (rows > 100) throw new DatabaseError('HTTP status 507', { certain: false, cause: null })
        sizes.push(rows)
        return results
      },
    }
    await runTypeTask({ ...run, services: { ...run.services, shard: () => narrow } }, NO_END)
    expect(Math.max(...sizes)).toBeGreaterThan(50)
    expect((await contents()).types).toMatchObject([{ change: { status: 'refused' } }])
  })

  it('does its last page again when another type has changed meanwhile', async () => {
    const { run, submit, contents, seq } = await newGraph(10)
    let pages = 0
    await runTypeTask(run, NO_END, async (page) => {
      pages += 1
      const result = await checkPage(page)
      if (pages === 1) await submit({ schemaSeq: seq, types: [defineType('other')] })
      return result
    })
    expect(pages).toBe(2)
    const { types, tasks } = await contents()
    expect(types).toMatchObject([{ name: 'other' }, { json_schema: NARROW, change: null }])
    expect(tasks).toEqual([])
  })

  it('changes nothing when the schema was called off meanwhile', async () => {
    const { run, submit, contents, seq } = await newGraph(10)
    const off = { event: 'type.changed', endTasks: ['check'] } as const
    const outcome = await runTypeTask(run, NO_END, async (page) => {
      const result = await checkPage(page)
      await submit({ schemaSeq: seq, types: [defineType('thing', off)] })
      return result
    })
    expect(outcome).toBe('ended')
    expect((await contents()).types).toMatchObject([{ json_schema: {}, change: null }])
  })

  it('ends with its graph', async () => {
    const { graph, run } = await newGraph(10)
    await shard.owner.query('update graphs set deleted_at = now() where id = $1', [graph.graphId])
    expect(await runTypeTask(run, NO_END)).toBe('ended')
  })
})

describe('the progress of a task', () => {
  it('is written down by compare-and-set, and for its own tenant', async () => {
    const { graph } = await newGraph(1)
    const task = await progress(graph)
    if (!task) throw new Error('there is a task')
    const next = { cursor: randomUUID(), done: 5 }
    const other = { ...graph, tenantId: tenantId(randomUUID()) }
    expect(await moveTypeTask(shard.database, other, task, next)).toBeNull()
    const earlier = { ...task, sinceSeq: task.sinceSeq - 1 }
    expect(await moveTypeTask(shard.database, graph, earlier, next)).toBeNull()
    const moved = await moveTypeTask(shard.database, graph, task, next)
    expect(moved).toEqual({ ...task, ...next })
    expect(await moveTypeTask(shard.database, graph, task, next)).toBeNull()
    expect(await progress(graph)).toEqual(moved)
  })
})

describe('the tasks that wait', () => {
  const age = (minutes: number, graph: GraphAddress) =>
    shard.owner.query(
      'update type_tasks set updated_at = now() - make_interval(mins => $1) where graph_id = $2',
      [minutes, graph.graphId],
    )
  const waiting = async () => {
    const tasks = await waitingTypeTasks(shard.database, 's', { idleSeconds: 60, limit: 1_000 })
    return tasks.map(({ graph }) => graph.graphId)
  }

  it('are of all tenants by turns, the longest waiting first, and of graphs that are there', async () => {
    await shard.owner.query('delete from type_tasks')
    const tenant = randomUUID()
    const many = [await newGraph(1, tenant), await newGraph(1, tenant), await newGraph(1, tenant)]
    const [one, fresh, gone] = [await newGraph(1), await newGraph(1), await newGraph(1)]
    for (const [i, { graph }] of many.entries()) await age(30 - i, graph)
    await age(10, one.graph)
    await age(40, gone.graph)
    await shard.owner.query('update graphs set deleted_at = now() where id = $1', [
      gone.graph.graphId,
    ])
    const [first, second, third] = many.map(({ graph }) => graph.graphId)
    expect(await waiting()).toEqual([first, one.graph.graphId, second, third])
    expect(await waiting()).not.toContain(fresh.graph.graphId)
  })

  it('are all worked on, though some of them fail', async () => {
    await shard.owner.query('delete from type_tasks')
    const graphs = [await newGraph(1_500), await newGraph(1_500), await newGraph(1_500)]
    for (const [i, { graph }] of graphs.entries()) await age(30 - i, graph)
    const [broken, ...others] = graphs
    const commits = new Map(graphs.map(({ graph, run }) => [graph.graphId, run.services.commit]))
    const services: TaskRun['services'] = {
      shard: () => shard.database,
      newId: randomUUID,
      now: () => 0,
      async commit(graph, asked) {
        if (graph.graphId === broken?.graph.graphId) throw new Error('out of order')
        const commit = commits.get(graph.graphId)
        if (!commit) throw new Error('a graph of this test')
        return commit(graph, asked)
      },
    }
    const run = runWaitingTypeTasks({ services, shardId: 's', untilMs: Number.POSITIVE_INFINITY })
    await expect(run).rejects.toThrow('out of order')
    for (const { contents } of others) expect((await contents()).tasks).toEqual([])
    expect((await broken?.contents())?.tasks).toHaveLength(1)
    // It has had its turn: others come first now.
    expect(await waiting()).toEqual([])
  })
})
