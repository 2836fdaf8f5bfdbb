import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import { tagsOf } from '../../core/log/tags.ts'
import { Watermarks } from '../../core/log/watermarks.ts'
import { eraseRest } from '../../db/commit/erase-statement.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { FENCE_REFUSED } from '../../db/log-store.ts'
import { entityAsOf, listChanges, recordsAtVersions } from '../../db/queries/events.ts'
import { exportPage } from '../../db/queries/export.ts'
import { recordsAt } from '../../db/queries/records-at.ts'
import { topologyEvents } from '../../db/queries/topology.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
  request,
  update,
} from '../contracts/graph-log-store/requests.ts'
import { refused, Session } from '../contracts/graph-log-store/session.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

const SECRET = 'Ada Lovelace of Marylebone'
const FIRST_ID = '00000000-0000-0000-0000-000000000000'

const secret = () => content({ name: SECRET, properties: { home: SECRET } })

type Opened = { readonly session: Session; readonly graph: GraphAddress }

async function newGraph(): Promise<Opened> {
  const graph: GraphAddress = {
    ...{ kind: 'graph', tenantId: tenantId(randomUUID()), graphId: graphId(randomUUID()) },
    ...{ shardId: 's', epoch: 1 },
  }
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
    [graph.tenantId, graph.graphId],
  )
  const never = () => Promise.reject(new Error('of no use here'))
  const store = graphLogStore(shard.database, graph)
  const session = await Session.open({
    ...{ store, storeAs: () => store, contents: never, setEpoch: never, markDeleted: never },
  })
  return { session, graph }
}

/** A person who knows somebody, both changed once, and then deleted; the other one stays. Seqs 1 to 7. */
async function deletedPerson(): Promise<Opened & { id: string; friend: string; link: string }> {
  const { session, graph } = await newGraph()
  const { id } = await session.entity({ externalId: 'ada', content: secret() })
  const { id: friend } = await session.entity({
    externalId: 'bob',
    content: content({ name: 'Bob' }),
  })
  const { id: link } = await session.relationship(
    { id },
    { id: friend },
    { externalId: 'ada-bob', content: content({ properties: { note: SECRET } }) },
  )
  await session.done({ entities: [update({ id }, 1, { name: SECRET })] })
  await session.done({ relationships: [update({ id: link }, 3, { properties: { w: SECRET } })] })
  await session.done({ entities: [remove({ id })] })
  return { session, graph, id, friend, link }
}

const erase = (
  refs: readonly ({ id: string } | { externalId: string })[],
): Partial<GraphRequest> => ({
  erase: { refs: refs.map((ref, op) => ({ op, ...ref })), reason: 'asked for' },
})

/** All that the database holds of a graph's log, as text. */
async function logText({ graphId }: GraphAddress): Promise<string> {
  const { rows } = await shard.owner.query<{ all: string }>(
    'select coalesce(jsonb_agg(v order by seq), $2)::text as all from events v where graph_id = $1',
    [graphId, '[]'],
  )
  return rows[0]?.all ?? ''
}

describe('an erasure', () => {
  it.each([
    ['by id', (id: string) => ({ id })],
    ['by external id', () => ({ externalId: 'ada' })],
  ])('%s blanks an entity and its relationships in all of the log', async (_how, ref) => {
    const { session, graph, id, friend, link } = await deletedPerson()
    const told = [SECRET, '"ada"', 'ada-bob']
    const textBefore = await logText(graph)
    for (const each of told) expect(textBefore).toContain(each)
    const before = await listChanges(shard.database, graph, 0, 100)
    const { results } = await session.committed(erase([ref(id)]))
    expect(results).toMatchObject([{ op: 0, id, version: 8 }])
    const text = await logText(graph)
    for (const each of told) expect(text).not.toContain(each)
    expect(text).toContain('"bob"')

    const { value, seq } = await listChanges(shard.database, graph, 0, 100)
    expect(seq).toBe(8)
    const last = { seq: 8, kind: 'record.erased', id, type: 'person', actor: 'user:someone' }
    expect(value.at(-1)).toMatchObject({
      ...last,
      external_id: null,
      after: { reason: 'asked for' },
    })
    // What happened when, to whom and by whom stays.
    expect(value.slice(0, -1)).toEqual(
      before.value.map((change) =>
        change.id === friend
          ? change
          : { ...change, external_id: null, before: null, after: null, erased: true },
      ),
    )
    expect(value.filter((change) => change.erased).map((change) => change.id)).toEqual(
      expect.arrayContaining([id, link]),
    )
  })

  it('is refused as a whole for what exists, or was never there, and says so of each', async () => {
    const { session, graph, id, friend } = await deletedPerson()
    const before = await logText(graph)
    const unknown = randomUUID()
    const answer = await session.ask(
      erase([{ id }, { id: friend }, { externalId: 'bob' }, { id: unknown }, { externalId: '?' }]),
    )
    expect(answer).toMatchObject({
      status: 'refused',
      refusals: [
        refused(1, 'still_exists'),
        refused(2, 'still_exists'),
        refused(3, 'not_found'),
        refused(4, 'not_found'),
      ],
    })
    expect(await logText(graph)).toBe(before)
    expect(session.fence.seq).toBe(7)
  })

  it('leaves an entity alone that was created anew under the same id', async () => {
    const { session, graph, id } = await deletedPerson()
    await session.done({ entities: [createEntity({ id, content: secret() })] })
    const before = await logText(graph)
    for (const ref of [{ id }, { externalId: 'ada' }]) {
      const answer = await session.ask(erase([ref]))
      expect(answer).toMatchObject({ refusals: [refused(0, 'still_exists')] })
    }
    // As if an erasure had stood before its creation.
    await eraseRest(shard.database, graph, { seq: 1, ids: [id] })
    expect(await logText(graph)).toBe(before)
  })

  it('by external id means every entity that ever had it, and one named twice is told once', async () => {
    const { session, id } = await deletedPerson()
    const { id: second } = await session.entity({ externalId: 'ada', content: secret() })
    await session.done({ entities: [remove({ id: second })] })
    const { results } = await session.committed(erase([{ id }, { externalId: 'ada' }]))
    expect(results.map((done) => 'id' in done && done.id).sort()).toEqual([id, second].sort())
  })

  it('leaves a relationship alone that has the id of one between other entities', async () => {
    const { session, graph, id, friend, link } = await deletedPerson()
    const { id: third } = await session.entity()
    const ends = { from: { id: friend }, to: { id: third } }
    const fields = { id: link, content: content({ properties: { note: 'of others' } }) }
    await session.done({ relationships: [createRelationship(ends, fields)] })
    await session.committed(erase([{ id }]))
    const text = await logText(graph)
    expect(text).not.toContain(SECRET)
    expect(text).toContain('of others')
  })

  it('that is repeated answers the same and does nothing', async () => {
    const { session, graph, id } = await deletedPerson()
    const first = request(erase([{ id }]))
    const { answers } = await session.commit(first)
    const before = await logText(graph)
    const again = await session.commit({ ...first, requestId: 'another' })
    expect(again).toMatchObject({ seq: 8, events: [] })
    expect(again.answers).toEqual([{ ...answers[0], replayed: true }])
    expect((await session.commit({ ...first, fingerprint: 'other' })).answers).toEqual([
      { status: 'fingerprint_mismatch' },
    ])
    expect(await logText(graph)).toBe(before)
  })

  it('of what is erased already is one more event, and what is blank stays as it is', async () => {
    const { session, graph, id } = await deletedPerson()
    await session.committed(erase([{ id }]))
    const before = await listChanges(shard.database, graph, 0, 7)
    expect(await session.committed(erase([{ id }]))).toMatchObject({ seq: 9 })
    expect((await listChanges(shard.database, graph, 0, 7)).value).toEqual(before.value)
  })

  it('is told to caches also by a log that was restarted and finds external ids blank', async () => {
    const { session, id } = await deletedPerson()
    await session.committed(erase([{ id }]))
    const { recent } = await session.reopen()
    expect(recent.map(({ externalId }) => externalId)).not.toContain('ada')
    const watermarks = new Watermarks(0)
    for (const event of recent) watermarks.touch(tagsOf(event), event.seq)
    expect(watermarks.lastTouched(['x:ada'])).toBe(8)
  })

  it('of very many events goes on in steps until all are blank', async () => {
    const { session, graph, id } = await deletedPerson()
    // Behind the log's back: as if the entity had been changed twelve thousand times.
    await shard.owner.query(
      `insert into events (tenant_id, graph_id, seq, at, kind, subject_id, type, actor, request_id,
         commit_id, before, after)
       select tenant_id, graph_id, 1000 + i, at, kind, subject_id, type, actor, request_id, 'c', before,
         after
       from events, generate_series(1, 12000) as i where graph_id = $1 and seq = 4`,
      [graph.graphId],
    )
    await shard.owner.query('update graphs set seq = 20000 where id = $1', [graph.graphId])
    await session.reopen()
    await session.committed(erase([{ id }]))
    expect(await logText(graph)).toContain(SECRET)
    await eraseRest(shard.database, graph, { seq: 20_001, ids: [id] })
    expect(await logText(graph)).not.toContain(SECRET)
  })

  it('goes alone (C4), and only under the fence (C1)', async () => {
    const { session, graph, id } = await deletedPerson()
    const erasing = request(erase([{ id }]))
    await expect(session.commit(erasing, request())).rejects.toThrow('goes alone')
    const { fence } = session
    await session.entity()
    const late = session.graph.store.commit(fence, [erasing])
    await expect(late).rejects.toMatchObject({ sqlState: FENCE_REFUSED })
    expect(await logText(graph)).toContain(SECRET)
  })

  it('touches nothing of another tenant, and the runtime can change events in no other way', async () => {
    const { graph, id } = await deletedPerson()
    const stranger = { ...graph, tenantId: tenantId(randomUUID()) }
    await eraseRest(shard.database, stranger, { seq: 8, ids: [id] })
    expect(await logText(graph)).toContain(SECRET)
    const rewrite = sql`update events set after = null where graph_id = ${graph.graphId}::uuid`
    await expect(shard.database.batch(graph.tenantId, [rewrite])).rejects.toMatchObject({
      sqlState: '42501',
    })
  })
})

describe('what reads the past of an erased entity', () => {
  it('is told that it is erased, and of what is not, as before', async () => {
    const { session, graph, id, friend, link } = await deletedPerson()
    const weights = () => topologyEvents(shard.database, graph, { after: 0, limit: 100 }, ['w'])
    const edges = (await weights()).events.map(({ seq, kind, createdSeq }) => [
      seq,
      kind,
      createdSeq,
    ])
    await session.committed(erase([{ id }]))

    const asOf = (subject: string, seq: number) => entityAsOf(shard.database, graph, subject, seq)
    expect(await asOf(id, 0)).toMatchObject({ value: null, wasErased: false })
    for (const seq of [1, 4, 5]) {
      expect(await asOf(id, seq)).toMatchObject({ value: null, wasErased: true })
    }
    for (const seq of [7, 8]) {
      expect(await asOf(id, seq)).toMatchObject({ value: null, wasErased: false })
    }
    expect((await asOf(friend, 3)).value).toMatchObject({ name: 'Bob', external_id: 'bob' })

    expect(await recordsAtVersions(shard.database, graph, [1, 3])).toEqual([])
    const at = await recordsAt(shard.database, graph, 5, { ids: [id, friend], createdSeqs: [3] })
    expect([...at.entities.keys()]).toEqual([friend])
    expect([...at.relationships]).toEqual([])
    const page = { seq: 5, after: FIRST_ID, limit: 10 }
    const exported = await exportPage(shard.database, graph, 'entity', page)
    expect(exported.map((record) => record.id)).toEqual([friend])
    expect(await exportPage(shard.database, graph, 'relationship', page)).toEqual([])

    // The shape of the graph's past stays: who was connected, without what the connection said.
    const after = (await weights()).events
    expect(after.map(({ seq, kind, createdSeq }) => [seq, kind, createdSeq])).toEqual(edges)
    expect(after.find((event) => event.id === link)?.weight).toBeNull()
  })
})
