import { expect, it } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import type { DeclaredIndex } from '../../../core/types/definition.ts'
import {
  createEntity,
  createRelationship,
  defineType,
  remove,
  request,
  typeState,
} from './requests.ts'
import { type NewSession, refused } from './session.ts'

const NARROW: JsonObject = { required: ['must'] }
const CHECKING = typeState({ change: { status: 'checking', json_schema: NARROW } })
const INDEX: DeclaredIndex = {
  id: '0190a000-0000-7000-8000-000000000001',
  name: 'by_name',
  method: 'composite',
  fields: ['name'],
  status: 'building',
}

/** The types of a graph, and requests that were validated against others (C5). */
export function typesContract(newSession: NewSession): void {
  it('defining types moves the schema to the last of their events (C5)', async () => {
    const session = await newSession()
    await session.entity()
    const schema = { type: 'object', properties: { name: { type: 'string' } } }
    const answer = await session.committed({
      types: [
        defineType('car', { after: typeState({ json_schema: schema }) }),
        defineType('car', { op: 1, kind: 'relationship' }),
      ],
    })
    expect(answer.seq).toBe(3)
    expect(answer.results).toMatchObject([
      { op: 0, outcome: 'created', id: 'car', version: 2 },
      { op: 1, outcome: 'created', id: 'car', version: 3 },
    ])
    const { head, types } = await session.graph.contents()
    expect(head).toMatchObject({ seq: 3, schema_seq: 3 })
    expect(types).toMatchObject([
      { kind: 'entity', name: 'car', version: 2, json_schema: schema, change: null, indexes: [] },
      { kind: 'relationship', name: 'car', version: 3, json_schema: {} },
    ])
  })

  it('a definition is an event with what it defines', async () => {
    const session = await newSession()
    const { events } = await session.commit(request({ types: [defineType('car')] }))
    expect(events).toEqual([
      {
        seq: 1,
        kind: 'type.defined',
        subjectId: null,
        type: 'car',
        fromId: null,
        toId: null,
        externalId: null,
      },
    ])
    expect((await session.graph.contents()).events).toMatchObject([
      {
        kind: 'type.defined',
        type: 'car',
        before: null,
        after: { kind: 'entity', json_schema: {}, change: null, indexes: [], version: 1 },
      },
    ])
  })

  it('a change is an event with the type before and after, made when the type was (C5)', async () => {
    const session = await newSession()
    const [defined] = await session.done({ types: [defineType('car')] })
    const change = defineType('car', {
      event: 'type.changed',
      after: typeState({ json_schema: NARROW }),
    })
    const [changed] = await session.done({ schemaSeq: 1, types: [change] })
    expect(changed).toMatchObject({ outcome: 'updated', version: 2 })
    expect(changed?.createdAt).toBe(defined?.createdAt)
    const { head, types, events } = await session.graph.contents()
    expect(head).toMatchObject({ seq: 2, schema_seq: 2 })
    expect(types).toMatchObject([{ version: 2, json_schema: NARROW }])
    expect(events[1]).toMatchObject({
      kind: 'type.changed',
      before: { json_schema: {}, version: 1 },
      after: { json_schema: NARROW, version: 2 },
    })
  })

  it('a removal leaves the event alone, and the type can be defined again', async () => {
    const session = await newSession()
    await session.done({ types: [defineType('car')] })
    const removal = defineType('car', { event: 'type.removed', after: null })
    const [removed] = await session.done({ schemaSeq: 1, types: [removal] })
    expect(removed).toMatchObject({ outcome: 'deleted', version: 2 })
    const { types, events } = await session.graph.contents()
    expect(types).toEqual([])
    expect(events[1]).toMatchObject({ kind: 'type.removed', before: { version: 1 }, after: null })
    const again = await session.ask({ schemaSeq: 2, types: [removal] })
    expect(again).toEqual({ status: 'refused', seq: 2, refusals: [refused(0, 'not_found')] })
    const [defined] = await session.done({ schemaSeq: 2, types: [defineType('car')] })
    expect(defined).toMatchObject({ outcome: 'created', version: 3 })
  })

  it.each([
    ['an older', 0],
    ['a later', 2],
  ])(
    'a request that was validated against %s schema writes nothing: schema_moved (C5)',
    async (_title, schemaSeq) => {
      const session = await newSession()
      await session.done({ types: [defineType('car')] })
      const before = await session.graph.contents()
      const parts = [
        { entities: [createEntity()] },
        { entities: [createEntity()], atomic: false },
        { types: [defineType('bus')] },
        { types: [defineType('car', { event: 'type.removed', after: null })] },
        {},
      ]
      for (const each of parts) {
        const answer = await session.ask({ ...each, schemaSeq })
        expect(answer).toEqual({ status: 'schema_moved', schemaSeq: 1 })
      }
      expect(await session.graph.contents()).toEqual(before)
    },
  )

  it.each([
    ['type.changing', CHECKING, ['check'], []],
    ['type.removed', null, [], []],
    ['type.changed', typeState({ json_schema: NARROW }), [], []],
    ['type.indexed', typeState({ indexes: [{ ...INDEX, status: 'ready' }] }), [], []],
  ] as const)(
    'after %s, a request that was validated before writes nothing (C5)',
    async (event, after, startTasks, endTasks) => {
      const session = await newSession()
      await session.done({ types: [defineType('car')] })
      await session.done({
        schemaSeq: 1,
        types: [defineType('car', { event, after, startTasks, endTasks })],
      })
      const answer = await session.ask({ schemaSeq: 1, entities: [createEntity()] })
      expect(answer).toEqual({ status: 'schema_moved', schemaSeq: 2 })
    },
  )

  it('a request that moved schema again is judged like a new one (C5)', async () => {
    const session = await newSession()
    await session.done({ types: [defineType('car')] })
    const late = request({ entities: [createEntity({ type: 'car' })] })
    const current = request({ entities: [createEntity()], schemaSeq: 1 })
    const { answers, seq } = await session.commit(late, current)
    expect(answers).toMatchObject([{ status: 'schema_moved' }, { status: 'committed', seq: 2 }])
    expect(seq).toBe(2)
    const again = await session.commit({ ...late, schemaSeq: 1 })
    expect(again.answers).toMatchObject([{ status: 'committed', seq: 3, replayed: false }])
  })

  it('a change for unused types alone is refused where there are records: type_in_use', async () => {
    const session = await newSession()
    const { id } = await session.entity({ type: 'car' })
    await session.relationship({ id }, { id }, { type: 'near' })
    const unused = { onlyIfUnused: true }
    const types = [
      defineType('car', { ...unused, op: 0 }),
      defineType('near', { ...unused, op: 1 }),
      defineType('car', { ...unused, op: 2, kind: 'relationship' }),
      defineType('near', { ...unused, op: 3, kind: 'relationship' }),
    ]
    const refusals = [refused(0, 'type_in_use'), refused(3, 'type_in_use')]
    expect(await session.ask({ types })).toEqual({ status: 'refused', seq: 2, refusals })
    const whatever = types.map((op) => ({ ...op, onlyIfUnused: false }))
    expect(await session.ask({ types: whatever })).toMatchObject({ status: 'committed', seq: 6 })
    await session.done({ schemaSeq: 6, entities: [remove({ id })] })
    const changed = types.map((op) => ({ ...op, event: 'type.changed' as const }))
    expect(await session.ask({ schemaSeq: 6, types: changed })).toMatchObject({
      status: 'committed',
      seq: 12,
    })
  })

  it('tasks begin and end with the commits that say so', async () => {
    const session = await newSession()
    const changing = defineType('car', {
      event: 'type.changing',
      after: { ...CHECKING, indexes: [INDEX] },
      startTasks: ['check', `build:${INDEX.id}`],
    })
    await session.done({ types: [changing] })
    expect((await session.graph.contents()).tasks).toEqual([
      { kind: 'entity', name: 'car', task: `build:${INDEX.id}`, since_seq: 1 },
      { kind: 'entity', name: 'car', task: 'check', since_seq: 1 },
    ])
    const again = { event: 'type.changed', startTasks: ['check'], endTasks: ['check'] } as const
    await session.done({ schemaSeq: 1, types: [{ ...changing, ...again }] })
    expect((await session.graph.contents()).tasks).toMatchObject([
      { task: `build:${INDEX.id}`, since_seq: 1 },
      { task: 'check', since_seq: 2 },
    ])
    const removal = defineType('car', {
      event: 'type.removed',
      after: null,
      startTasks: [`drop:${INDEX.id}`],
      endTasks: ['check', `build:${INDEX.id}`],
    })
    const first = request({ schemaSeq: 2, types: [removal] })
    await session.commit(first)
    const left = [{ task: `drop:${INDEX.id}`, since_seq: 3 }]
    expect((await session.graph.contents()).tasks).toMatchObject(left)
    expect((await session.commit(first)).answers).toMatchObject([{ replayed: true }])
    expect((await session.graph.contents()).tasks).toMatchObject(left)
  })

  it('a request that changes types and writes records is a mistake, and writes nothing', async () => {
    const session = await newSession()
    const { id } = await session.entity()
    const before = await session.graph.contents()
    const types = [defineType('car')]
    const relationship = createRelationship({ from: { id }, to: { id } })
    const both = [
      [request({ types, entities: [createEntity()] })],
      [request({ types, relationships: [relationship] })],
      [request({ types }), request({ entities: [createEntity()] })],
      [request({ entities: [createEntity()] }), request({ types })],
    ]
    for (const group of both) {
      await expect(session.commit(...group)).rejects.toThrow(TypeError)
    }
    expect(await session.graph.contents()).toEqual(before)
  })
}
