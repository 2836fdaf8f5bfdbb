import { expect, it } from 'vitest'
import { createEntity, defineType, remove, request, update } from './requests.ts'
import { type NewSession, refused } from './session.ts'

/** Commit ids and what a repeat of one is told (C3). */
export function repeatsContract(newSession: NewSession): void {
  it('a repeat of a commit id returns the first answer and writes nothing (C3)', async () => {
    const session = await newSession()
    const first = request({ entities: [createEntity({ op: 3 }), createEntity({ op: 5 })] })
    const {
      answers: [answer],
    } = await session.commit(first)
    await session.entity()
    const before = await session.graph.contents()
    const repeated = await session.commit(first)
    expect(repeated).toEqual({ seq: 3, answers: [{ ...answer, replayed: true }], events: [] })
    expect(answer).toMatchObject({ status: 'committed', replayed: false, seq: 2 })
    expect(await session.graph.contents()).toEqual(before)
  })

  it('a repeat is told the first answer even when its record has changed or gone (C3)', async () => {
    const session = await newSession()
    const first = request({ entities: [createEntity({ externalId: 'x' })] })
    const {
      answers: [answer],
    } = await session.commit(first)
    await session.done({ entities: [update({ externalId: 'x' }, 1, { name: 'changed' })] })
    await session.done({ entities: [remove({ externalId: 'x' })] })
    expect((await session.commit(first)).answers).toEqual([{ ...answer, replayed: true }])
  })

  it('a repeat may ask for something else, as long as its fingerprint is the same (C3)', async () => {
    const session = await newSession()
    const first = request({ entities: [createEntity()] })
    const {
      answers: [answer],
    } = await session.commit(first)
    // The worker mints ids and patches anew for every call, which the fingerprint leaves out.
    const again = { ...first, entities: [createEntity()], requestId: 'another' }
    expect((await session.commit(again)).answers).toEqual([{ ...answer, replayed: true }])
  })

  it('the same commit id with another fingerprint is a fingerprint_mismatch (C3)', async () => {
    const session = await newSession()
    const first = request({ entities: [createEntity()] })
    await session.commit(first)
    const before = await session.graph.contents()
    const other = { ...first, fingerprint: 'other', entities: [createEntity()] }
    expect((await session.commit(other)).answers).toEqual([{ status: 'fingerprint_mismatch' }])
    expect(await session.graph.contents()).toEqual(before)
  })

  it('only successes are remembered: a refused request is judged anew (C3)', async () => {
    const session = await newSession()
    const { id } = await session.entity()
    const again = request({ entities: [createEntity({ id })] })
    const { answers } = await session.commit(again)
    const refusals = [refused(0, 'id_taken')]
    expect(answers).toMatchObject([{ status: 'refused', seq: 1, refusals }])
    expect((await session.reopen([again.commitId])).known).toEqual(new Map())
    await session.done({ entities: [remove({ id })] })
    expect((await session.commit(again)).answers).toMatchObject([{ status: 'committed', seq: 3 }])
  })

  it('repeats stand beside new requests in one group without touching them (C3)', async () => {
    const session = await newSession()
    const [first, second] = [1, 2].map(() => request({ entities: [createEntity()] }))
    if (!first || !second) throw new Error('two requests')
    await session.commit(first)
    const { seq, answers } = await session.commit(
      { ...first, fingerprint: 'other' },
      second,
      request({ entities: [createEntity()] }),
    )
    expect(seq).toBe(3)
    expect(answers).toMatchObject([
      { status: 'fingerprint_mismatch' },
      { status: 'committed', seq: 2, replayed: false },
      { status: 'committed', seq: 3, replayed: false },
    ])
    expect((await session.commit(second, first)).answers).toMatchObject([
      { status: 'committed', seq: 2, replayed: true },
      { status: 'committed', seq: 1, replayed: true },
    ])
  })

  it('a repeat is known even when the graph has got other types since (C3, C5)', async () => {
    const session = await newSession()
    const first = request({ entities: [createEntity()] })
    await session.commit(first)
    await session.done({ types: [defineType('car')] })
    expect((await session.commit(first)).answers).toMatchObject([
      { status: 'committed', seq: 1, replayed: true },
    ])
  })

  it('a definition of types is repeated like any other request (C3)', async () => {
    const session = await newSession()
    const first = request({ types: [defineType('car')] })
    const {
      answers: [answer],
    } = await session.commit(first)
    const repeated = await session.commit(first)
    expect(repeated).toEqual({ seq: 1, answers: [{ ...answer, replayed: true }], events: [] })
    const other = await session.commit({ ...first, fingerprint: 'other' })
    expect(other).toEqual({ seq: 1, answers: [{ status: 'fingerprint_mismatch' }], events: [] })
  })

  it('opening the log gives the answers to the commit ids it is asked for, and no others', async () => {
    const session = await newSession()
    const [first, second, third] = [1, 2, 3].map(() => request({ entities: [createEntity()] }))
    if (!first || !second || !third) throw new Error('three requests')
    const { answers } = await session.commit(first, second, third)
    const log = await session.reopen([third.commitId, 'never sent', first.commitId])
    expect(log.known).toEqual(
      new Map([
        [first.commitId, { fingerprint: first.fingerprint, answer: answers[0] }],
        [third.commitId, { fingerprint: third.fingerprint, answer: answers[2] }],
      ]),
    )
  })

  it('a commit id means nothing in another graph (C3)', async () => {
    const [one, other] = [await newSession(), await newSession()]
    const first = request({ entities: [createEntity()] })
    await one.commit(first)
    expect((await other.reopen([first.commitId])).known).toEqual(new Map())
    expect((await other.commit({ ...first, fingerprint: 'other' })).answers).toMatchObject([
      { status: 'committed', seq: 1, replayed: false },
    ])
  })
}
