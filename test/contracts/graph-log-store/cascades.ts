import { expect, it } from 'vitest'
import { MAX_CASCADE, MAX_COMMANDS } from '../../../core/log/commands.ts'
import { eventsAfter, link, newEntities } from './linked-entities.ts'
import { createRelationship, remove, update, upsertRelationship } from './requests.ts'
import { type NewSession, refused, type Session } from './session.ts'

/** What goes with a deleted entity (C6), and what stays. */
export function cascadesContract(newSession: NewSession): void {
  it('an entity goes after all of its relationships, each with an event of its own (C6, T1)', async () => {
    const { session, ids } = await newEntities(newSession, 4)
    const [hub, b, c, d] = ids
    const stays = await link(session, b, c)
    const goes = [
      await link(session, hub, b),
      await link(session, c, hub),
      await link(session, hub, d),
    ]
    const answer = await session.committed({ entities: [remove({ id: hub ?? '' })] })
    expect(answer).toMatchObject({
      seq: 12,
      results: [{ op: 0, outcome: 'deleted', id: hub, version: 12 }],
    })
    expect(await eventsAfter(session, 8)).toEqual([
      ...goes.toSorted().map((id) => ['relationship.deleted', id]),
      ['entity.deleted', hub],
    ])
    const { entities, relationships } = await session.graph.contents()
    expect(entities.map(({ id }) => id)).toEqual([b, c, d].toSorted())
    expect(relationships.map(({ id }) => id)).toEqual([stays])
  })

  it('the headers of a cascade tell what its tags need (T1)', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a, b] = ids
    const id = await link(session, a, b)
    const log = await session.reopen()
    await session.committed({ entities: [remove({ id: a ?? '' })] })
    const { recent } = await session.reopen()
    expect(recent.slice(log.recent.length)).toEqual([
      {
        seq: 4,
        kind: 'relationship.deleted',
        subjectId: id,
        type: 'knows',
        fromId: a,
        toId: b,
        externalId: null,
      },
      {
        seq: 5,
        kind: 'entity.deleted',
        subjectId: a,
        type: 'person',
        fromId: null,
        toId: null,
        externalId: null,
      },
    ])
  })

  it('self-loops and parallel relationships go once each (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a, b] = ids
    const goes = [
      await link(session, a, a),
      await link(session, a, a, 'likes'),
      await link(session, a, b),
      await link(session, a, b),
      await link(session, b, a),
    ]
    await session.done({ entities: [remove({ id: a ?? '' })] })
    expect(await eventsAfter(session, 7)).toEqual([
      ...goes.toSorted().map((id) => ['relationship.deleted', id]),
      ['entity.deleted', a],
    ])
  })

  it('a relationship whose ends both go goes once (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a, b] = ids
    const between = await link(session, a, b)
    await session.done({
      entities: [remove({ id: b ?? '' }, null, 0), remove({ id: a ?? '' }, null, 1)],
    })
    expect(await eventsAfter(session, 3)).toEqual([
      ['relationship.deleted', between],
      ['entity.deleted', b],
      ['entity.deleted', a],
    ])
  })

  it('a relationship that is deleted together with its end goes once, as asked (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a, b] = ids
    const asked = await link(session, a, b)
    const other = await link(session, b, a)
    const results = await session.done({
      entities: [remove({ id: a ?? '' }, null, 0)],
      relationships: [remove({ id: asked }, null, 1)],
    })
    expect(results).toMatchObject([
      { op: 0, outcome: 'deleted', version: 7 },
      { op: 1, outcome: 'deleted', id: asked, version: 5 },
    ])
    expect(await eventsAfter(session, 4)).toEqual([
      ['relationship.deleted', asked],
      ['relationship.deleted', other],
      ['entity.deleted', a],
    ])
  })

  it('a relationship cannot be written by the request that deletes one of its ends', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [a = '', b = ''] = ids
    const ab = await session.relationship({ id: a }, { id: b }, { externalId: 'ab' })
    const ends = { from: { id: a }, to: { id: b } }
    const writes = [
      update({ id: ab.id }, 3, { properties: { since: 1 } }, 1),
      upsertRelationship('ab', ends, { op: 1 }),
      createRelationship(ends, { op: 1 }),
    ]
    const before = await session.graph.contents()
    for (const [gone, code] of [[a, 'from_not_found'] as const, [b, 'to_not_found'] as const]) {
      for (const write of writes) {
        const entities = [remove({ id: gone }, null, 0)]
        const answer = await session.ask({ entities, relationships: [write] })
        expect(answer).toMatchObject({ status: 'refused', refusals: [refused(1, code)] })
      }
    }
    expect(await session.graph.contents()).toEqual(before)
  })

  it('an entity with 10,000 relationships goes with them, one with 10,001 stays: too_many_relationships (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 2)
    const [hub = '', leaf = ''] = ids
    await connect(session, hub, leaf)
    const last = await session.relationship({ id: hub }, { id: hub })
    const { seq } = session.fence
    const answer = await session.ask({ entities: [remove({ id: hub })] })
    const refusals = [refused(0, 'too_many_relationships')]
    expect(answer).toMatchObject({ status: 'refused', seq, refusals })
    const alone = await session.ask({ atomic: false, entities: [remove({ id: hub })] })
    expect(alone).toMatchObject({ status: 'committed', seq, results: refusals })
    await session.done({ relationships: [remove({ id: last.id })] })
    expect(await session.committed({ entities: [remove({ id: hub })] })).toMatchObject({
      seq: seq + 1 + MAX_CASCADE + 1,
    })
    const { entities, relationships } = await session.graph.contents()
    expect(entities.map(({ id }) => id)).toEqual([leaf])
    expect(relationships).toEqual([])
  })

  it('beside an entity with too many relationships others go all the same, and take along what they share with it (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 5)
    const [before = '', hub = '', leaf = '', after = '', lonely = ''] = ids
    await connect(session, hub, leaf)
    const shared = [await link(session, before, hub), await link(session, hub, after)]
    const other = await link(session, leaf, after)
    const { seq } = session.fence
    const { results } = await session.committed({
      atomic: false,
      entities: [before, hub, after, lonely].map((id, op) => remove({ id }, null, op)),
    })
    expect(results).toContainEqual(refused(1, 'too_many_relationships', 2))
    expect(await eventsAfter(session, seq)).toEqual([
      ['relationship.deleted', shared[0]],
      ...[shared[1], other].toSorted().map((id) => ['relationship.deleted', id]),
      ...[before, after, lonely].map((id) => ['entity.deleted', id]),
    ])
  })

  it('the deletions of one request take 10,000 relationships along together: from there on only those without any go (C6)', async () => {
    const { session, ids } = await newEntities(newSession, 5)
    const [a = '', b = '', hub = '', leaf = '', lonely = ''] = ids
    const between = await link(session, a, b)
    await connect(session, hub, leaf)
    const { seq } = session.fence
    const order = [a, hub, leaf, lonely]
    const deletions = order.map((id, op) => remove({ id }, null, op))
    const refusals = [1, 2].map((op) => refused(op, 'too_many_relationships', op + 2))
    const whole = await session.ask({ entities: deletions })
    expect(whole).toMatchObject({ status: 'refused', seq, refusals })
    const { results } = await session.committed({ atomic: false, entities: deletions })
    for (const refusal of refusals) expect(results).toContainEqual(refusal)
    expect(await eventsAfter(session, seq)).toEqual([
      ['relationship.deleted', between],
      ['entity.deleted', a],
      ['entity.deleted', lonely],
    ])
    const both = await session.committed({
      entities: [remove({ id: hub }, null, 0), remove({ id: leaf }, null, 1)],
    })
    expect(both.seq).toBe(seq + 3 + MAX_CASCADE + 2)
  })
}

/** Gives two entities as many relationships with each other as may go with one, in both directions. */
async function connect(session: Session, a: string, b: string): Promise<void> {
  const ends = (i: number) =>
    i % 2 === 0 ? { from: { id: a }, to: { id: b } } : { from: { id: b }, to: { id: a } }
  for (let made = 0; made < MAX_CASCADE; made += MAX_COMMANDS) {
    const relationships = Array.from({ length: MAX_COMMANDS }, (_, op) =>
      createRelationship(ends(op), { op }),
    )
    await session.done({ relationships })
  }
}
