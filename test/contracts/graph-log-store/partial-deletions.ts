import { expect, it } from 'vitest'
import { eventsAfter, link, newEntities } from './linked-entities.ts'
import { createRelationship, remove, update } from './requests.ts'
import { type NewSession, refused, UNKNOWN_ID } from './session.ts'

/** Deletions of requests that are not atomic: what is refused alone, and what goes all the same. */
export function partialDeletionsContract(newSession: NewSession): void {
  it('where a write of a relationship is refused alone, it still goes with its end (C6)', async () => {
    const stale = (id: string) => [
      remove({ id }, 1, 1),
      update({ id }, 1, {}, 1),
      update({ id }, 3, { properties: { since: 1 } }, 1),
    ]
    for (let i = 0; i < stale('').length; i += 1) {
      const { session, ids } = await newEntities(newSession, 2)
      const id = await link(session, ids[0], ids[1])
      const write = stale(id)[i]
      const { results } = await session.committed({
        atomic: false,
        entities: [remove({ id: ids[1] ?? '' }, null, 0)],
        relationships: write ? [write] : [],
      })
      expect(results).toContainEqual(expect.objectContaining({ op: 0, outcome: 'deleted' }))
      expect(results).toContainEqual(
        expect.objectContaining({ op: 1, refused: expect.any(String) }),
      )
      expect((await session.graph.contents()).relationships).toEqual([])
    }
  })

  it('where one of two deletions is refused alone, the other takes what is between them (C6)', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ] as const) {
      const { session, ids } = await newEntities(newSession, 2)
      const [stays = '', goes = ''] = ids
      const between = await link(session, stays, goes)
      const { results } = await session.committed({
        atomic: false,
        entities: [remove({ id: stays }, 7, order[0]), remove({ id: goes }, null, order[1])],
      })
      expect(results).toContainEqual(refused(order[0], 'version_mismatch', 1))
      expect(await eventsAfter(session, 3)).toEqual([
        ['relationship.deleted', between],
        ['entity.deleted', goes],
      ])
    }
  })

  it('where a deletion is refused alone, its entity can still be an end', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a = '', b = ''] = ids
    const { results } = await session.committed({
      atomic: false,
      entities: [remove({ id: a }, 7, 0), remove({ id: UNKNOWN_ID }, null, 1)],
      relationships: [createRelationship({ from: { id: a }, to: { id: b } }, { op: 2 })],
    })
    expect(results).toContainEqual(expect.objectContaining({ op: 2, outcome: 'created' }))
  })
}
