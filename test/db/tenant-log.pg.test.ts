import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FENCE_REFUSED } from '../../db/log-store.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import {
  createGraph,
  createKey,
  newRegistered,
  newTenant,
  refusedAs,
  register,
  TenantSession,
  tenantRequest,
} from './tenant-session.ts'

let catalog: MigratedDatabase

beforeAll(async () => {
  catalog = await createMigrated('catalog')
})

afterAll(() => catalog.drop())

describe('the log of a tenant', () => {
  it('is there before its first event, so that there is a term to raise (C1)', async () => {
    const session = new TenantSession(catalog.database)
    expect(await session.open()).toMatchObject({ fence: { seq: 0, epoch: 1, term: 1 }, recent: [] })
    expect(await session.open()).toMatchObject({ fence: { seq: 0, epoch: 1, term: 2 } })
    const { tenant, ...rest } = await session.contents(catalog.owner)
    expect(tenant).toMatchObject({ state: 'pending', seq: 0, term: 2 })
    expect(Object.values(rest).flat()).toEqual([])
  })

  it('opened many times at once has a term for each (C1)', async () => {
    const session = new TenantSession(catalog.database)
    const logs = await Promise.all(Array.from({ length: 8 }, () => session.store.open([])))
    const terms = logs.map((log) => log?.fence.term).toSorted()
    expect(terms).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
    expect(new Set(logs.map((log) => log?.historyId)).size).toBe(1)
  })

  it.each([
    ['an older seq', { seq: 0 }],
    ['a later seq', { seq: 2 }],
    ['an older term', { term: 0 }],
    ['a later term', { term: 2 }],
    ['another epoch', { epoch: 2 }],
  ])('refuses a commit under %s, which writes nothing (C1)', async (_title, other) => {
    const session = await newRegistered(catalog.database)
    const before = await session.contents(catalog.owner)
    const commit = session.store.commit({ ...session.fence, ...other }, [
      tenantRequest(createKey()),
    ])
    await expect(commit).rejects.toMatchObject({ sqlState: FENCE_REFUSED, certain: true })
    expect(await session.contents(catalog.owner)).toEqual(before)
  })

  it('numbers its events and tells who did them, without any secret', async () => {
    const session = await newTenant(catalog.database)
    const key = createKey()
    const graph = createGraph('second')
    const commands = [
      register(),
      key,
      graph,
      { action: 'revoke_key', keyId: key.keyId },
      { action: 'delete_graph', graphId: graph.graphId },
    ] as const
    const headers = []
    for (const command of commands) {
      const request = tenantRequest(command, { actor: 'user:ada', requestId: command.action })
      headers.push(...(await session.commit(request)).events)
    }
    expect(headers.map(({ seq, kind, subjectId }) => [seq, kind, subjectId])).toEqual([
      [1, 'tenant.registered', session.id],
      [2, 'key.created', key.keyId],
      [3, 'graph.created', graph.graphId],
      [4, 'key.revoked', key.keyId],
      [5, 'graph.deleted', graph.graphId],
    ])
    const { tenant, events } = await session.contents(catalog.owner)
    expect(tenant).toMatchObject({ seq: 5, state: 'active' })
    expect(events.map(({ seq, actor, request_id }) => [seq, actor, request_id])).toEqual(
      commands.map(({ action }, i) => [i + 1, 'user:ada', action]),
    )
    expect((await session.open()).recent).toEqual(headers)
    expect(JSON.stringify(events)).not.toContain(key.hash)
    expect(JSON.stringify(events)).not.toContain('$argon2id$')
  })

  it('gives the first answer to a repeat, whatever ids it brings (C3)', async () => {
    const session = await newRegistered(catalog.database)
    const first = tenantRequest(createKey())
    const {
      answers: [answer],
    } = await session.commit(first)
    await session.ask(createKey())
    const before = await session.contents(catalog.owner)
    const again = { ...first, requestId: 'another', command: createKey() }
    const repeated = await session.commit(again)
    expect(repeated).toEqual({ seq: 3, answers: [{ ...answer, replayed: true }], events: [] })
    expect(await session.contents(catalog.owner)).toEqual(before)
    const { known } = await session.open([first.commitId, 'never sent'])
    expect([...known]).toEqual([[first.commitId, { fingerprint: first.fingerprint, answer }]])
  })

  it('tells a repeat with another fingerprint so, and writes nothing (C3)', async () => {
    const session = await newRegistered(catalog.database)
    const first = tenantRequest(createKey())
    await session.commit(first)
    const before = await session.contents(catalog.owner)
    const other = tenantRequest(createKey(), { commitId: first.commitId, fingerprint: 'other' })
    expect(await session.commit(other)).toEqual({
      seq: 2,
      answers: [{ status: 'fingerprint_mismatch' }],
      events: [],
    })
    expect(await session.contents(catalog.owner)).toEqual(before)
  })

  it('does not remember refusals (C3)', async () => {
    const session = await newRegistered(catalog.database)
    const graph = createGraph('second')
    await session.ask(graph)
    const again = tenantRequest(createGraph('second'))
    expect((await session.commit(again)).answers).toMatchObject([refusedAs('name_taken', 2)])
    await session.ask({ action: 'delete_graph', graphId: graph.graphId })
    expect((await session.commit(again)).answers).toMatchObject([{ status: 'committed', seq: 4 }])
  })
})
