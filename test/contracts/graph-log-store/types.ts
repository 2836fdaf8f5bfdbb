import { expect, it } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import type { Kind } from '../../../core/log/commands.ts'
import type { TypeOp } from '../../../core/log/requests.ts'
import { createEntity, remove, request } from './requests.ts'
import { type NewSession, refused } from './session.ts'

function define(name: string, kind: Kind = 'entity', op = 0, jsonSchema: JsonObject = {}): TypeOp {
  return { op, action: 'define', kind, name, jsonSchema }
}

/** The types of a graph, and requests that were validated against others (C5). */
export function typesContract(newSession: NewSession): void {
  it('defining types moves the schema to the last of their events (C5)', async () => {
    const session = await newSession()
    await session.entity()
    const schema = { type: 'object', properties: { name: { type: 'string' } } }
    const answer = await session.committed({
      types: [define('car', 'entity', 0, schema), define('car', 'relationship', 1)],
    })
    expect(answer.seq).toBe(3)
    expect(answer.results).toMatchObject([
      { op: 0, outcome: 'created', id: 'car', version: 2 },
      { op: 1, outcome: 'created', id: 'car', version: 3 },
    ])
    const { head, types } = await session.graph.contents()
    expect(head).toMatchObject({ seq: 3, schema_seq: 3 })
    expect(types).toMatchObject([
      { kind: 'entity', name: 'car', version: 2, json_schema: schema },
      { kind: 'relationship', name: 'car', version: 3, json_schema: {} },
    ])
  })

  it('a definition is an event with what it defines', async () => {
    const session = await newSession()
    const { events } = await session.commit(request({ types: [define('car')] }))
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
      { kind: 'type.defined', type: 'car', after: { kind: 'entity', version: 1 } },
    ])
  })

  it.each([
    ['an older', 0],
    ['a later', 2],
  ])(
    'a request that was validated against %s schema writes nothing: schema_moved (C5)',
    async (_title, schemaSeq) => {
      const session = await newSession()
      await session.done({ types: [define('car')] })
      const before = await session.graph.contents()
      const parts = [
        { entities: [createEntity()] },
        { entities: [createEntity()], atomic: false },
        { types: [define('bus')] },
        {},
      ]
      for (const each of parts) {
        const answer = await session.ask({ ...each, schemaSeq })
        expect(answer).toEqual({ status: 'schema_moved', schemaSeq: 1 })
      }
      expect(await session.graph.contents()).toEqual(before)
    },
  )

  it('a request that moved schema again is judged like a new one (C5)', async () => {
    const session = await newSession()
    await session.done({ types: [define('car')] })
    const late = request({ entities: [createEntity({ type: 'car' })] })
    const current = request({ entities: [createEntity()], schemaSeq: 1 })
    const { answers, seq } = await session.commit(late, current)
    expect(answers).toMatchObject([{ status: 'schema_moved' }, { status: 'committed', seq: 2 }])
    expect(seq).toBe(2)
    const again = await session.commit({ ...late, schemaSeq: 1 })
    expect(again.answers).toMatchObject([{ status: 'committed', seq: 3, replayed: false }])
  })

  it('a type that is defined cannot be again: type_exists', async () => {
    const session = await newSession()
    await session.done({ types: [define('car')] })
    const answer = await session.ask({
      schemaSeq: 1,
      types: [define('bus'), define('car', 'entity', 1)],
    })
    expect(answer).toEqual({ status: 'refused', seq: 1, refusals: [refused(1, 'type_exists')] })
    expect((await session.graph.contents()).types).toHaveLength(1)
  })

  it('a type of which there are records cannot be defined: type_in_use', async () => {
    const session = await newSession()
    const { id } = await session.entity({ type: 'car' })
    await session.relationship({ id }, { id }, { type: 'near' })
    const types = [
      define('car', 'entity', 0),
      define('near', 'entity', 1),
      define('car', 'relationship', 2),
      define('near', 'relationship', 3),
    ]
    const answer = await session.ask({ types })
    expect(answer).toMatchObject({ status: 'refused', seq: 2 })
    if (answer.status !== 'refused') throw new Error('refused')
    expect(answer.refusals.toSorted((a, b) => a.op - b.op)).toEqual([
      refused(0, 'type_in_use'),
      refused(3, 'type_in_use'),
    ])
    await session.done({ entities: [remove({ id })] })
    expect(await session.ask({ types })).toMatchObject({ status: 'committed', seq: 8 })
  })
}
