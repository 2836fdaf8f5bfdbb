import { expect, it } from 'vitest'
import { tenantId } from '../../../core/ids.ts'
import { DatabaseError } from '../../../db/client.ts'
import { FENCE_REFUSED, RECENT_EVENTS } from '../../../db/log-store.ts'
import { createEntity, remove, request } from './requests.ts'
import type { NewSession } from './session.ts'

const STRANGER = tenantId('0190a000-0000-7000-8000-0000000000ff')

/** Which commits may write at all (C1). */
export function fenceContract(newSession: NewSession): void {
  it('opening a log raises its term and gives its head (C1)', async () => {
    const { graph, fence } = await newSession()
    expect(fence).toEqual({ seq: 0, epoch: 1, term: 1 })
    const { history_id, ...head } = (await graph.contents()).head
    expect(head).toEqual({ ...fence, schema_seq: 0 })
    const again = await graph.store.open([])
    expect(again).toMatchObject({ fence: { seq: 0, epoch: 1, term: 2 }, historyId: history_id })
  })

  it.each([
    ['an older seq', { seq: 0 }],
    ['a later seq', { seq: 2 }],
    ['an older term', { term: 0 }],
    ['a later term', { term: 2 }],
    ['an older epoch', { epoch: 0 }],
    ['a later epoch', { epoch: 2 }],
  ])('a commit under %s is refused and writes nothing (C1)', async (_title, other) => {
    const session = await newSession()
    await session.entity()
    const before = await session.graph.contents()
    const group = [request({ entities: [createEntity()] })]
    const commit = session.graph.store.commit({ ...session.fence, ...other }, group)
    await expect(commit).rejects.toSatisfy(isFenceRefusal)
    expect(await session.graph.contents()).toEqual(before)
  })

  it('what was to be committed before the term was raised cannot be after it (C1)', async () => {
    const session = await newSession()
    const { graph, fence } = session
    const late = request({ entities: [createEntity()] })
    const { known } = (await graph.store.open([late.commitId])) ?? {}
    expect(known).toEqual(new Map())
    await expect(graph.store.commit(fence, [late])).rejects.toSatisfy(isFenceRefusal)
    expect((await graph.contents()).head).toMatchObject({ seq: 0, term: 2 })
  })

  it('of two commits at once under one fence exactly one writes (C1)', async () => {
    const { graph, fence } = await newSession()
    const commits = await Promise.allSettled(
      [1, 2, 3, 4].map(() => graph.store.commit(fence, [request({ entities: [createEntity()] })])),
    )
    expect(commits.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect((await graph.contents()).entities).toHaveLength(1)
  })

  it('a commit and an opening at once: it is in the head, or refused (C1)', async () => {
    const session = await newSession()
    for (let round = 0; round < 10; round += 1) {
      const { store } = session.graph
      const [committed, opened] = await Promise.allSettled([
        store.commit(session.fence, [request({ entities: [createEntity()] })]),
        store.open([]),
      ])
      if (opened.status === 'rejected' || !opened.value) throw new Error('not opened')
      const moved = committed.status === 'fulfilled' ? 1 : 0
      expect(opened.value.fence.seq).toBe(session.fence.seq + moved)
      session.fence = opened.value.fence
    }
  })

  it.each([
    ['another tenant', { tenantId: STRANGER }],
    ['an older epoch', { epoch: 0 }],
    ['a later epoch', { epoch: 2 }],
  ])('as %s there is no such log, and nobody raises its term', async (_title, other) => {
    const session = await newSession()
    await session.entity()
    const before = await session.graph.contents()
    expect(await session.graph.storeAs(other).open([])).toBeNull()
    expect(await session.graph.contents()).toEqual(before)
  })

  it('another tenant cannot commit, even with the right fence', async () => {
    const session = await newSession()
    const { id } = await session.entity()
    const before = await session.graph.contents()
    const stranger = session.graph.storeAs({ tenantId: STRANGER })
    for (const op of [createEntity(), remove({ id })]) {
      const commit = stranger.commit(session.fence, [request({ entities: [op] })])
      await expect(commit).rejects.toSatisfy(isFenceRefusal)
    }
    expect(await session.graph.contents()).toEqual(before)
  })

  it('a log that moved to another epoch is closed to its former writer (C1)', async () => {
    const { graph, fence } = await newSession()
    await graph.setEpoch(2)
    const commit = graph.store.commit(fence, [request({ entities: [createEntity()] })])
    await expect(commit).rejects.toSatisfy(isFenceRefusal)
    expect(await graph.store.open([])).toBeNull()
    expect(await graph.storeAs({ epoch: 2 }).open([])).toMatchObject({ fence: { epoch: 2 } })
  })

  it('a deleted graph has no log', async () => {
    const session = await newSession()
    await session.graph.markDeleted()
    expect(await session.graph.store.open([])).toBeNull()
    await expect(session.entity()).rejects.toSatisfy(isFenceRefusal)
  })

  it('a log is opened with its newest events, oldest first', async () => {
    const session = await newSession()
    const headers = []
    for (let i = 0; i < 3; i += 1) {
      const entities = Array.from({ length: 1_000 }, (_, op) => createEntity({ op }))
      headers.push(...(await session.commit(request({ entities }))).events)
    }
    const log = await session.graph.store.open([])
    expect(log?.recent).toEqual(headers.slice(-RECENT_EVENTS))
  })
}

export function isFenceRefusal(error: unknown): boolean {
  return error instanceof DatabaseError && error.certain && error.sqlState === FENCE_REFUSED
}
