import { expect, it } from 'vitest'
import type { GraphRequest } from '../../../core/log/requests.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
  request,
  update,
  upsertEntity,
} from './requests.ts'
import { type NewSession, refused, UNKNOWN_ID } from './session.ts'

/** Many requests in one commit, and the operations of one request together (C4). */
export function groupsContract(newSession: NewSession): void {
  it('a refused request of a group leaves the others be and leaves no trace (C4)', async () => {
    const session = await newSession()
    await session.entity({ externalId: 'x' })
    const fine = [1, 2].map(() => request({ entities: [createEntity()] }))
    const bad = request({
      entities: [createEntity({ op: 0 }), createEntity({ op: 1, externalId: 'x' })],
    })
    const stale = request({ entities: [update({ externalId: 'x' }, 9, { name: 'no' })] })
    const [first, last] = fine
    if (!first || !last) throw new Error('two requests')
    const { seq, answers, events } = await session.commit(first, bad, stale, last)
    expect(seq).toBe(3)
    expect(answers).toMatchObject([
      { status: 'committed', seq: 2 },
      { status: 'refused', seq: 1, refusals: [refused(1, 'external_id_taken')] },
      { status: 'refused', seq: 1, refusals: [refused(0, 'version_mismatch', 1)] },
      { status: 'committed', seq: 3 },
    ])
    expect(events.map(({ subjectId }) => subjectId)).toEqual(
      fine.map(({ entities }) => entities[0]?.id),
    )
    const contents = await session.graph.contents()
    expect(contents.entities).toHaveLength(3)
    const traces = [...contents.commits, ...contents.events].map(({ commit_id }) => commit_id)
    expect(traces).not.toContain(bad.commitId)
    expect(traces).not.toContain(stale.commitId)
  })

  it('an atomic request does nothing when one of its operations is refused', async () => {
    const session = await newSession()
    const a = await session.entity()
    const before = await session.graph.contents()
    const answer = await session.ask({
      entities: [createEntity({ op: 0 }), update({ id: a.id }, 1, { name: 'Ada' }, 1)],
      relationships: [createRelationship({ from: { op: 0 }, to: { id: UNKNOWN_ID } }, { op: 2 })],
    })
    const refusals = [refused(2, 'to_not_found')]
    expect(answer).toMatchObject({ status: 'refused', seq: 1, refusals })
    expect(await session.graph.contents()).toEqual(before)
  })

  it('of a request that is not atomic every operation stands for itself', async () => {
    const session = await newSession()
    const a = await session.entity()
    const answer = await session.committed({
      atomic: false,
      entities: [
        createEntity({ op: 0, id: a.id }),
        createEntity({ op: 1 }),
        update({ id: a.id }, 7, { name: 'no' }, 2),
        remove({ id: UNKNOWN_ID }, null, 3),
      ],
      relationships: [
        createRelationship({ from: { id: a.id }, to: { op: 1 } }, { op: 4 }),
        createRelationship({ from: { op: 0 }, to: { op: 1 } }, { op: 5 }),
      ],
    })
    expect(answer.seq).toBe(3)
    expect(answer.results).toHaveLength(6)
    expect(answer.results).toEqual(
      expect.arrayContaining([
        expect.objectContaining(refused(0, 'id_taken')),
        expect.objectContaining({ op: 1, outcome: 'created', version: 2 }),
        expect.objectContaining(refused(2, 'version_mismatch', 1)),
        expect.objectContaining(refused(3, 'not_found')),
        expect.objectContaining({ op: 4, outcome: 'created', version: 3 }),
        expect.objectContaining(refused(5, 'from_not_found')),
      ]),
    )
  })

  it('a request that is not atomic is committed, and known, even when all of it is refused', async () => {
    const session = await newSession()
    const nothing = request({ atomic: false, entities: [remove({ id: UNKNOWN_ID })] })
    const { seq, answers, events } = await session.commit(nothing)
    const results = [refused(0, 'not_found')]
    expect({ seq, events }).toEqual({ seq: 0, events: [] })
    expect(answers).toMatchObject([{ status: 'committed', seq: 0, results, replayed: false }])
    const repeated = await session.commit(nothing)
    expect(repeated.answers).toMatchObject([
      { status: 'committed', seq: 0, results, replayed: true },
    ])
  })

  it('a request without operations is committed at the head', async () => {
    const session = await newSession()
    await session.entity()
    expect(await session.ask({})).toMatchObject({ status: 'committed', seq: 1, results: [] })
  })

  it('a relationship may begin and end at what its own request writes, by operation', async () => {
    const session = await newSession()
    const old = await session.entity({ externalId: 'old' })
    const results = await session.done({
      entities: [
        createEntity({ op: 0 }),
        upsertEntity('new', { op: 1 }),
        upsertEntity('old', { op: 2 }),
        upsertEntity('changed', { op: 3, content: content({ name: 'Ada' }) }),
      ],
      relationships: [
        createRelationship({ from: { op: 0 }, to: { op: 1 } }, { op: 4 }),
        createRelationship({ from: { op: 2 }, to: { op: 2 } }, { op: 5 }),
        createRelationship({ from: { op: 3 }, to: { externalId: 'old' } }, { op: 6 }),
      ],
    })
    const idOf = (op: number) => results.find((result) => result.op === op)?.id
    expect(idOf(2)).toBe(old.id)
    const { relationships } = await session.graph.contents()
    expect(relationships.map(({ from_id, to_id }) => [from_id, to_id])).toEqual(
      expect.arrayContaining([
        [idOf(0), idOf(1)],
        [old.id, old.id],
        [idOf(3), old.id],
      ]),
    )
  })

  it('an operation of another request of the group is nobody’s end', async () => {
    const session = await newSession()
    const loose = { from: { op: 0 }, to: { op: 0 } }
    const { answers } = await session.commit(
      request({ entities: [createEntity({ op: 0 })] }),
      request({ relationships: [createRelationship(loose, { op: 1 })] }),
    )
    expect(answers[1]).toMatchObject({
      status: 'refused',
      refusals: [refused(1, 'from_not_found')],
    })
  })

  it('1,000 requests in a group are numbered in their order, each with its own answer', async () => {
    const session = await newSession()
    await session.entity({ externalId: 'taken' })
    const group = Array.from({ length: 1_000 }, (_, i): GraphRequest => {
      const externalId = i % 10 === 9 ? 'taken' : `x${i}`
      const entities = [
        i % 2 === 0 ? upsertEntity(externalId, { op: 0 }) : createEntity({ op: 0, externalId }),
      ]
      return request({ entities, actor: `user:${i}`, requestId: `request ${i}` })
    })
    const { seq, answers, events } = await session.commit(...group)
    expect(seq).toBe(901)
    let expected = 1
    group.forEach(({ entities }, i) => {
      if (i % 10 === 9) expect(answers[i]).toMatchObject({ status: 'refused', seq: 1 })
      else {
        expected += 1
        const results = [{ op: 0, outcome: 'created', id: entities[0]?.id, version: expected }]
        expect(answers[i]).toMatchObject({ status: 'committed', seq: expected, results })
      }
    })
    expect(events.map((event) => event.seq)).toEqual(Array.from({ length: 900 }, (_, i) => i + 2))
    const { entities, events: stored } = await session.graph.contents()
    expect(entities).toHaveLength(901)
    expect(stored.at(-1)).toMatchObject({ actor: 'user:998', request_id: 'request 998' })
  })

  it('an event tells who did it, under which request, and what it was about', async () => {
    const session = await newSession()
    const origin = { actor: 'key:abc', requestId: 'the request', commitId: 'the commit' }
    const { events } = await session.commit(
      request({
        ...origin,
        entities: [createEntity({ op: 0, externalId: 'x' })],
        relationships: [
          createRelationship({ from: { op: 0 }, to: { op: 0 } }, { op: 1, externalId: 'r' }),
        ],
      }),
    )
    const stored = (await session.graph.contents()).events
    expect(
      stored.map(({ actor, request_id, commit_id }) => [actor, request_id, commit_id]),
    ).toEqual([1, 2].map(() => ['key:abc', 'the request', 'the commit']))
    expect(events).toEqual(
      stored.map((event) => ({
        seq: event.seq,
        kind: event.kind,
        subjectId: event.subject_id,
        type: event.type,
        fromId: event.from_id,
        toId: event.to_id,
        externalId: event.external_id,
      })),
    )
    expect(events.map(({ kind, type, externalId }) => [kind, type, externalId])).toEqual([
      ['entity.created', 'person', 'x'],
      ['relationship.created', 'knows', 'r'],
    ])
  })
}
