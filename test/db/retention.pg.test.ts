import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { entityAsOf, listChanges } from '../../db/queries/events.ts'
import { dropOldEvents } from '../../db/queries/purge.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
  for (const month of MONTHS) {
    await shard.owner.query('select tendril_add_event_partitions($1::timestamptz, 1)', [
      `${month}-01T00:00:00Z`,
    ])
  }
})

afterAll(() => shard.drop())

/** The third is the last month of all that is certainly over for a month. */
const MONTHS = ['2024-01', '2024-02', '2024-03']

const person = randomUUID()
const stranger = randomUUID()

/** One event per entity and month: created in the first, changed in the third or never. */
async function newGraph(): Promise<GraphAddress> {
  const graph: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(randomUUID()),
    graphId: graphId(randomUUID()),
    shardId: 's',
    epoch: 1,
  }
  const keys = [graph.tenantId, graph.graphId]
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id, seq) values ($1, $2, gen_random_uuid(), 4)',
    keys,
  )
  const image = (version: number, name: string) =>
    JSON.stringify({
      ...{ version, external_id: null, name, location: null, properties: {} },
      ...{ created_at: '2024-01-05T00:00:00Z', updated_at: '2024-01-05T00:00:00Z' },
    })
  const events = [
    [1, '2024-01-05', 'entity.created', person, null, image(1, 'Ada')],
    [2, '2024-01-06', 'entity.created', stranger, null, image(2, 'Grace')],
    [3, '2024-02-05', 'type.defined', null, null, '{}'],
    [4, '2024-03-05', 'entity.updated', person, image(1, 'Ada'), image(4, 'Ada L')],
  ]
  for (const event of events) {
    await shard.owner.query(
      `insert into events (tenant_id, graph_id, seq, at, kind, subject_id, before, after, type, actor,
        request_id, commit_id) values ($1, $2, $3, $4, $5, $6, $7, $8, 'person', 'a', 'r', 'c')`,
      [...keys, ...event],
    )
  }
  for (const [id, version, name] of [
    [person, 4, 'Ada L'],
    [stranger, 2, 'Grace'],
  ]) {
    await shard.owner.query(
      `insert into entities (tenant_id, graph_id, id, type, name, name_key, properties, version,
        created_at, updated_at) values ($1, $2, $3, 'person', $5, $5, '{}', $4, now(), now())`,
      [...keys, id, version, name],
    )
  }
  return graph
}

async function read(graph: GraphAddress, consumer: string, seq: number): Promise<void> {
  await shard.owner.query(
    `insert into checkpoints (tenant_id, graph_id, consumer, history_id, seq, updated_at)
      select tenant_id, id, $2, history_id, $3, now() from graphs where id = $1
      on conflict (tenant_id, graph_id, consumer) do update set seq = excluded.seq`,
    [graph.graphId, consumer, seq],
  )
}

const daysSince = (month: string) =>
  Math.floor((Date.now() - Date.parse(`${month}-01T00:00:00Z`)) / 86_400_000)

const drop = (keepDays: number) =>
  dropOldEvents(shard.database, { keepDays, consumers: ['one', 'two'] })

describe('old months of the log', () => {
  it('go when they are old enough and every consumer has read them, and no sooner', async () => {
    const [graph, other] = [await newGraph(), await newGraph()]
    const floors = async () => {
      const { rows } = await shard.owner.query<{ floor: number }>(
        'select floor_seq::int as floor from graphs where id = any($1) order by id',
        [[graph.graphId, other.graphId]],
      )
      return rows.map(({ floor }) => floor)
    }
    // Nothing is read yet.
    expect(await drop(31)).toBe(0)
    await read(graph, 'one', 4)
    await read(graph, 'two', 4)
    await read(other, 'one', 4)
    await read(other, 'two', 1)
    expect(await drop(31)).toBe(0)
    // Old enough are those that ended before: January did, February did not.
    await read(other, 'two', 2)
    expect(await drop(daysSince('2024-03') + 20)).toBe(1)
    expect(await floors()).toEqual([2, 2])
    // March is old, too, but February is not read by all.
    expect(await drop(31)).toBe(0)
    await read(other, 'two', 3)
    expect(await drop(31)).toBe(1)
    expect(await floors()).toEqual([3, 3])

    const changes = await listChanges(shard.database, graph, 0, 10)
    expect([changes.value.map(({ seq }) => seq), changes.floorSeq]).toEqual([[4], 3])
    // Of what is below the floor, later events and the present tell.
    const asOf = async (id: string, seq: number) =>
      (await entityAsOf(shard.database, graph, id, seq)).value?.name
    expect(await asOf(person, 3)).toBe('Ada')
    expect(await asOf(person, 4)).toBe('Ada L')
    expect(await asOf(stranger, 3)).toBe('Grace')
    expect(await asOf(randomUUID(), 3)).toBeUndefined()
  })

  it('are kept for a month at least, whatever is asked for', async () => {
    const now = new Date()
    const last = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1))
    const graph = await newGraph()
    await read(graph, 'one', 4)
    await read(graph, 'two', 4)
    await drop(0)
    const part = `events_${last.toISOString().slice(0, 7).replace('-', '_')}`
    const { rows } = await shard.owner.query('select to_regclass($1) is not null as kept', [part])
    expect(rows).toEqual([{ kept: true }])
  })
})
