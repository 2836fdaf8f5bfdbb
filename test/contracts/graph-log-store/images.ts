import { expect, it } from 'vitest'
import { imageOf, type StoredEvent } from '../../harness/graph-log/contents.ts'
import { content, remove, update } from './requests.ts'
import type { NewSession } from './session.ts'

/** Every event holds its record before and after. */
export function imagesContract(newSession: NewSession): void {
  it('the images rebuild an entity as it was at every seq of its life', async () => {
    const session = await newSession()
    const { graph } = session
    const { id } = await session.entity({ externalId: 'x', content: content({ name: 'Ada' }) })
    const states = [(await graph.contents()).entities[0]]
    const changes = [
      { name: 'Ada Lovelace', properties: { born: 1815 } },
      { name: null, location: { lat: 51.5, lon: -0.1 }, properties: { born: 1815 } },
      { name: 'Ada', location: null, properties: {} },
    ]
    for (const change of changes) {
      const version = states.at(-1)?.version ?? 0
      await session.done({ entities: [update({ id }, version, change)] })
      states.push((await graph.contents()).entities.find((entity) => entity.id === id))
      // Events of others stand between, and touch it no more than they should.
      await session.entity()
    }
    await session.done({ entities: [remove({ id })] })
    const events = (await graph.contents()).events.filter((event) => event.subject_id === id)
    const images = states.map((state) => state && imageOf(state))
    expect(events.map(({ after }) => after)).toEqual([...images, null])
    expect(events.map(({ before }) => before)).toEqual([null, ...images])
    expect(events.map(({ kind, type, external_id }) => [kind, type, external_id])).toEqual(
      ['created', 'updated', 'updated', 'updated', 'deleted'].map((verb) => [
        `entity.${verb}`,
        'person',
        'x',
      ]),
    )
  })

  it('the images of a relationship have its ends beside them, also when it goes with one', async () => {
    const session = await newSession()
    const { graph } = session
    const a = await session.entity()
    const b = await session.entity()
    const { id } = await session.relationship({ id: a.id }, { id: b.id }, { externalId: 'ab' })
    await session.done({ relationships: [update({ id }, 3, { properties: { since: 1 } })] })
    const [last] = (await graph.contents()).relationships
    await session.done({ entities: [remove({ id: b.id })] })
    const events = (await graph.contents()).events.filter((event) => event.subject_id === id)
    expect(events).toMatchObject(
      ['created', 'updated', 'deleted'].map((verb) => ({
        kind: `relationship.${verb}`,
        from_id: a.id,
        to_id: b.id,
        external_id: 'ab',
      })),
    )
    expect(events.at(-1)?.before).toEqual(last && imageOf(last))
    expect(events.at(-1)?.after).toBeNull()
  })

  it('a record keeps the time of its creation, and has that of its last event', async () => {
    const session = await newSession()
    const created = await session.entity({ externalId: 'x' })
    const [updated] = await session.done({
      entities: [update({ id: created.id }, 1, { name: 'n' })],
    })
    const [entity] = (await session.graph.contents()).entities
    expect(created.createdAt).toBe(created.updatedAt)
    expect(entity).toMatchObject({ created_at: created.createdAt, updated_at: updated?.updatedAt })
    expect(updated?.createdAt).toBe(created.createdAt)
    const [event]: (StoredEvent | undefined)[] = (await session.graph.contents()).events.slice(1)
    expect(event?.at).toBe(updated?.updatedAt)
  })
}
