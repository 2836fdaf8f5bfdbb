import { expect, it } from 'vitest'
import type { EndRef, RelationshipOp } from '../../../core/log/requests.ts'
import { content, createRelationship, remove, update, upsertRelationship } from './requests.ts'
import { type NewSession, refused, type Session, UNKNOWN_ID } from './session.ts'

/** Why an operation on a relationship is refused, and what an upsert finds. */
export function relationshipVerdictsContract(newSession: NewSession): void {
  /** Entities `a` and `b`, and a relationship `ab` between them: three events. */
  async function newPair() {
    const session = await newSession()
    const a = await session.entity({ externalId: 'a' })
    const b = await session.entity({ externalId: 'b' })
    const ends = { from: { id: a.id }, to: { id: b.id } }
    const { id } = await session.relationship(ends.from, ends.to, { externalId: 'ab' })
    return { session, a, b, id, ends }
  }

  async function verdict(session: Session, op: RelationshipOp) {
    const before = await session.graph.contents()
    const answer = await session.ask({ relationships: [op] })
    expect(await session.graph.contents()).toEqual(before)
    return answer
  }

  function refusal(code: string, version?: number) {
    return { status: 'refused', seq: 3, refusals: [refused(0, code, version)] }
  }

  it('creating a relationship whose id is there is refused: id_taken', async () => {
    const { session, id, ends } = await newPair()
    for (const externalId of [null, 'ab', 'other']) {
      const op = createRelationship(ends, { id, externalId })
      expect(await verdict(session, op)).toMatchObject(refusal('id_taken'))
    }
  })

  it('creating a relationship whose external id is there is refused: external_id_taken', async () => {
    const { session, ends } = await newPair()
    const op = createRelationship(ends, { externalId: 'ab' })
    expect(await verdict(session, op)).toMatchObject(refusal('external_id_taken'))
  })

  it('an upsert of another type is refused: type_mismatch (T2)', async () => {
    const { session, ends } = await newPair()
    const op = upsertRelationship('ab', ends, { type: 'owns' })
    expect(await verdict(session, op)).toMatchObject(refusal('type_mismatch'))
  })

  it('an upsert with another end is refused: ends_mismatch (T2)', async () => {
    const { session, ends } = await newPair()
    const wrong = [
      { ...ends, from: ends.to },
      { ...ends, to: ends.from },
      { from: ends.to, to: ends.from },
    ]
    for (const each of wrong) {
      const op = upsertRelationship('ab', each)
      expect(await verdict(session, op)).toMatchObject(refusal('ends_mismatch'))
    }
  })

  it('an upsert of a new external id under the id of another is refused: id_taken', async () => {
    const { session, id, ends } = await newPair()
    const op = upsertRelationship('other', ends, { id })
    expect(await verdict(session, op)).toMatchObject(refusal('id_taken'))
  })

  const nowhere: [title: string, end: EndRef][] = [
    ['id', { id: UNKNOWN_ID }],
    ['external id', { externalId: 'none' }],
    ['operation', { op: 7 }],
  ]
  it.each(nowhere)(
    'an end that is not there by %s is refused: from_not_found, to_not_found',
    async (_title, end) => {
      const { session, ends } = await newPair()
      const loose = {
        from: [{ ...ends, from: end }, 'from_not_found'],
        to: [{ ...ends, to: end }, 'to_not_found'],
      } as const
      for (const [each, code] of Object.values(loose)) {
        for (const op of [
          createRelationship(each),
          upsertRelationship('new', each),
          upsertRelationship('ab', each),
        ]) {
          expect(await verdict(session, op)).toMatchObject(refusal(code))
        }
      }
    },
  )

  it('an end may be named by its external id', async () => {
    const { session, a, b } = await newPair()
    await session.relationship({ externalId: 'b' }, { externalId: 'a' }, { type: 'back' })
    expect((await session.graph.contents()).relationships).toContainEqual(
      expect.objectContaining({ type: 'back', from_id: b.id, to_id: a.id, created_seq: 4 }),
    )
  })

  it('the id of a relationship is no end', async () => {
    const { session, id, ends } = await newPair()
    const op = createRelationship({ ...ends, to: { id } })
    expect(await verdict(session, op)).toMatchObject(refusal('to_not_found'))
  })

  it('changing what is not there is refused: not_found', async () => {
    const { session, a } = await newPair()
    for (const target of [{ id: UNKNOWN_ID }, { externalId: 'none' }, { id: a.id }]) {
      for (const op of [update(target, 1), remove(target), remove(target, 1)]) {
        expect(await verdict(session, op)).toMatchObject(refusal('not_found'))
      }
    }
  })

  it('changing another version than the one named is refused: version_mismatch', async () => {
    const { session, id } = await newPair()
    for (const target of [{ id }, { externalId: 'ab' }]) {
      for (const op of [update(target, 1), update(target, 4), remove(target, 2)]) {
        expect(await verdict(session, op)).toMatchObject(refusal('version_mismatch', 3))
      }
    }
  })

  it('changes what is at the version named, and its created_seq stays', async () => {
    const { session, id } = await newPair()
    const op = update({ id }, 3, { properties: { since: 2020 } })
    expect(await session.done({ relationships: [op] })).toMatchObject([{ outcome: 'updated', id }])
    expect((await session.graph.contents()).relationships).toMatchObject([
      { id, version: 4, created_seq: 3, properties: { since: 2020 } },
    ])
    const gone = await session.done({ relationships: [remove({ externalId: 'ab' }, 4)] })
    expect(gone).toMatchObject([{ outcome: 'deleted', id, version: 5 }])
    expect((await session.graph.contents()).relationships).toEqual([])
  })

  it('an upsert finds the relationship by its external id and changes its properties', async () => {
    const { session, id, ends } = await newPair()
    const changed = content({ properties: { a: 1 } })
    const op = upsertRelationship('ab', ends, { content: changed })
    expect(await session.done({ relationships: [op] })).toMatchObject([
      { outcome: 'updated', id, version: 4 },
    ])
    const named = { from: { externalId: 'a' }, to: { externalId: 'b' } }
    const same = upsertRelationship('ab', named, { content: changed })
    expect(await session.done({ relationships: [same] })).toMatchObject([
      { outcome: 'unchanged', id, version: 4 },
    ])
    expect((await session.graph.contents()).head.seq).toBe(4)
  })

  it('an upsert without an external id finds the relationship by its id', async () => {
    const { session, id, ends } = await newPair()
    const op = upsertRelationship('', ends, { id, externalId: null })
    expect(await session.done({ relationships: [op] })).toMatchObject([
      { outcome: 'unchanged', id, version: 3 },
    ])
  })
}
