import { expect, it } from 'vitest'
import type { EntityOp } from '../../../core/log/requests.ts'
import { content, createEntity, remove, update, upsertEntity } from './requests.ts'
import { type NewSession, refused, type Session, UNKNOWN_ID } from './session.ts'

/** Why an operation on an entity is refused, and what an upsert finds. */
export function entityVerdictsContract(newSession: NewSession): void {
  async function verdict(session: Session, op: EntityOp) {
    const before = await session.graph.contents()
    const answer = await session.ask({ entities: [op] })
    expect(await session.graph.contents()).toEqual(before)
    return answer
  }

  function refusal(seq: number, code: string, version?: number) {
    return { status: 'refused', seq, refusals: [refused(0, code, version)] }
  }

  it('creating an entity whose id is there is refused: id_taken', async () => {
    const session = await newSession()
    const { id } = await session.entity()
    expect(await verdict(session, createEntity({ id }))).toMatchObject(refusal(1, 'id_taken'))
    const named = createEntity({ id, externalId: 'x' })
    expect(await verdict(session, named)).toMatchObject(refusal(1, 'id_taken'))
  })

  it('creating an entity whose external id is there is refused: external_id_taken', async () => {
    const session = await newSession()
    await session.entity({ externalId: 'x' })
    const op = createEntity({ externalId: 'x' })
    expect(await verdict(session, op)).toMatchObject(refusal(1, 'external_id_taken'))
  })

  it('creating an entity again under both its names is refused: id_taken', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const op = createEntity({ id, externalId: 'x' })
    expect(await verdict(session, op)).toMatchObject(refusal(1, 'id_taken'))
  })

  it('ids and external ids are free again once their entity is deleted', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    await session.done({ entities: [remove({ id })] })
    const again = await session.entity({ id, externalId: 'x', type: 'car' })
    expect(again).toMatchObject({ outcome: 'created', id, version: 3 })
  })

  it('a relationship may have the id and the external id of an entity', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const done = await session.relationship({ id }, { id }, { id, externalId: 'x' })
    expect(done).toMatchObject({ outcome: 'created', id, version: 2 })
  })

  it('an upsert of another type is refused: type_mismatch (T2)', async () => {
    const session = await newSession()
    await session.entity({ externalId: 'x', type: 'person' })
    const op = upsertEntity('x', { type: 'car' })
    expect(await verdict(session, op)).toMatchObject(refusal(1, 'type_mismatch'))
  })

  it('an upsert finds the entity by its external id, whatever id it brings', async () => {
    const session = await newSession()
    const [created] = await session.done({ entities: [upsertEntity('x')] })
    const op = upsertEntity('x', { content: content({ name: 'Ada' }) })
    const [updated] = await session.done({ entities: [op] })
    expect(updated).toMatchObject({ outcome: 'updated', id: created?.id, version: 2 })
    expect((await session.graph.contents()).entities).toMatchObject([
      { id: created?.id, external_id: 'x', name: 'Ada', version: 2 },
    ])
  })

  it('an upsert without an external id finds the entity by its id', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const op = upsertEntity('', { id, externalId: null, content: content({ name: 'Ada' }) })
    expect(await session.done({ entities: [op] })).toMatchObject([
      { outcome: 'updated', id, version: 2 },
    ])
    expect((await session.graph.contents()).entities).toMatchObject([{ id, external_id: 'x' }])
  })

  it('an upsert of a new external id under the id of another entity is refused: id_taken', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const other = await session.entity()
    for (const taken of [id, other.id]) {
      const op = upsertEntity('y', { id: taken })
      expect(await verdict(session, op)).toMatchObject(refusal(2, 'id_taken'))
    }
  })

  it('an upsert that changes nothing is no event, and tells the version there is', async () => {
    const session = await newSession()
    const fields = {
      content: {
        name: 'Ada',
        location: { lat: 59.91, lon: 10.75 },
        properties: { b: [1, { c: null }], a: 'text' },
      },
    }
    const [first] = await session.done({ entities: [upsertEntity('x', fields)] })
    await session.entity()
    const before = await session.graph.contents()
    const answer = await session.committed({ entities: [upsertEntity('x', fields)] })
    expect(answer).toMatchObject({ seq: 2, results: [{ ...first, outcome: 'unchanged' }] })
    const { commits, ...rest } = await session.graph.contents()
    expect({ ...rest, commits: before.commits }).toEqual(before)
    expect(commits).toHaveLength(before.commits.length + 1)
  })

  it.each([
    ['the name', { name: 'Grace' }],
    ['the name, to none', { name: null }],
    ['the location', { location: { lat: 1, lon: 2.5 } }],
    ['the location, to none', { location: null }],
    ['the properties', { properties: { a: 2 } }],
    ['the properties, to none', { properties: {} }],
  ])('an upsert that changes only %s is an event', async (_title, change) => {
    const session = await newSession()
    const first = content({ name: 'Ada', location: { lat: 1, lon: 2 }, properties: { a: 1 } })
    await session.entity({ externalId: 'x', content: first })
    const op = upsertEntity('x', { content: { ...first, ...change } })
    expect(await session.done({ entities: [op] })).toMatchObject([{ outcome: 'updated' }])
    expect((await session.graph.contents()).entities).toMatchObject([{ ...first, ...change }])
  })

  it('changing what is not there is refused: not_found', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'gone' })
    await session.done({ entities: [remove({ id })] })
    for (const target of [{ id: UNKNOWN_ID }, { externalId: 'none' }, { id }]) {
      for (const op of [update(target, 1), remove(target), remove(target, 1)]) {
        expect(await verdict(session, op)).toMatchObject(refusal(2, 'not_found'))
      }
    }
  })

  it('changing another version than the one named is refused: version_mismatch', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    await session.done({ entities: [update({ id }, 1, { name: 'Ada' })] })
    for (const target of [{ id }, { externalId: 'x' }]) {
      for (const op of [update(target, 1), update(target, 3), remove(target, 1)]) {
        expect(await verdict(session, op)).toMatchObject(refusal(2, 'version_mismatch', 2))
      }
    }
  })

  it('changes what is at the version named, by id and by external id', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const updates = [
      update({ id }, 1, { name: 'one' }),
      update({ externalId: 'x' }, 2, { name: 'two' }),
    ]
    for (const op of updates) await session.done({ entities: [op] })
    expect((await session.graph.contents()).entities).toMatchObject([{ name: 'two', version: 3 }])
    const [gone] = await session.done({ entities: [remove({ externalId: 'x' }, 3)] })
    expect(gone).toMatchObject({ outcome: 'deleted', id, version: 4 })
    expect((await session.graph.contents()).entities).toEqual([])
  })

  it('an update that names both its id and its external id goes by the id', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const op = { ...update({ id }, 1, { name: 'Ada' }), externalId: 'x' }
    expect(await session.done({ entities: [op] })).toMatchObject([{ outcome: 'updated', id }])
  })

  it('all that is wrong with a request is told, in order of its operations', async () => {
    const session = await newSession()
    const { id } = await session.entity({ externalId: 'x' })
    const entities = [
      remove({ id: UNKNOWN_ID }, null, 9),
      createEntity({ op: 2, externalId: 'x' }),
      createEntity({ op: 4 }),
      update({ id }, 7, {}, 6),
    ]
    const answer = await session.ask({ entities })
    expect(answer).toMatchObject({
      status: 'refused',
      seq: 1,
      refusals: [
        refused(2, 'external_id_taken'),
        refused(6, 'version_mismatch', 1),
        refused(9, 'not_found'),
      ],
    })
  })
}
