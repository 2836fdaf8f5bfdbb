import { describe, expect, it } from 'vitest'
import { AppError } from '../../../core/errors.ts'
import type { Command, Content, Kind, Ref } from '../../../core/log/commands.ts'
import { type CurrentRecord, type Folded, fold } from '../../../core/log/fold.ts'

const content = (properties: Content['properties']): Content => {
  return { name: null, location: null, properties }
}

/** The one record that exists: e1, which is also x1, at version 7. */
const EXISTING: CurrentRecord = {
  ...{ id: 'e1', externalId: 'x1', type: 'T', version: 7 },
  content: { name: 'one', location: { lat: 1, lon: 2 }, properties: { old: true } },
}

function findCurrent(kind: Kind, ref: Ref): CurrentRecord | undefined {
  const isNamed = 'id' in ref ? ref.id === 'e1' : ref.externalId === 'x1'
  return kind === 'entity' && isNamed ? EXISTING : undefined
}

function write(
  action: 'create' | 'upsert',
  names: { id?: string; externalId?: string | null },
  properties: Content['properties'] = {},
  type = 'T',
): Command {
  const { id = 'new', externalId = null } = names
  return { kind: 'entity', action, id, externalId, type, content: content(properties) }
}

function patch(target: Ref, properties: Content['properties'], ifVersion: number | null = null) {
  return { kind: 'entity', action: 'patch', target, patch: { properties }, ifVersion } as const
}

function remove(target: Ref, ifVersion: number | null = null) {
  return { kind: 'entity', action: 'delete', target, ifVersion } as const
}

function relate(id: string, from: Ref, to: Ref, action: 'create' | 'upsert' = 'create'): Command {
  const fixed = { kind: 'relationship', type: 'R', content: content({}) } as const
  return { ...fixed, action, id, externalId: null, from, to }
}

const folded = (...commands: readonly Command[]) => fold(commands, findCurrent)

/** For each command, its operation, or the code of the error. */
function outcomes({ commands }: Folded): readonly (number | string)[] {
  return commands.map((command) => (command instanceof AppError ? command.code : command))
}

describe('two commands on one record are folded into one operation (C4)', () => {
  const x1 = { externalId: 'x1' }
  const byAction = {
    create: (value: number) => write('create', { id: 'n', externalId: 'x1' }, { value }),
    upsert: (value: number) => write('upsert', { id: 'n', externalId: 'x1' }, { value }),
    patch: (value: number) => patch(x1, { value }),
    delete: () => remove(x1),
  }
  const value2 = { value: 2 }
  it.each([
    ['create', 'create', 'id_taken'],
    ['create', 'upsert', { action: 'create', properties: value2 }],
    ['create', 'patch', { action: 'create', properties: value2 }],
    ['create', 'delete', 'invalid'],
    ['upsert', 'create', 'id_taken'],
    ['upsert', 'upsert', { action: 'upsert', properties: value2 }],
    ['upsert', 'patch', { action: 'upsert', properties: value2 }],
    ['upsert', 'delete', 'invalid'],
    ['patch', 'create', 'external_id_taken'],
    ['patch', 'upsert', { action: 'update', properties: value2 }],
    ['patch', 'patch', { action: 'update', properties: { old: true, ...value2 } }],
    ['patch', 'delete', 'invalid'],
    ['delete', 'create', 'invalid'],
    ['delete', 'upsert', 'invalid'],
    ['delete', 'patch', 'invalid'],
    ['delete', 'delete', { action: 'delete', properties: undefined }],
  ] as const)('%s, then %s', (first, second, expected) => {
    const result = folded(byAction[first](1), byAction[second](2))
    expect(result.entities).toHaveLength(1)
    const [op] = result.entities
    if (typeof expected === 'string') {
      expect(outcomes(result)).toEqual([0, expected])
      expect(op?.action).toBe(first === 'patch' ? 'update' : first)
    } else {
      expect(outcomes(result)).toEqual([0, 0])
      expect(op?.action).toBe(expected.action)
      expect(op && 'content' in op ? op.content.properties : undefined).toEqual(expected.properties)
    }
  })

  it('in their order: a patch builds on the write before it, and a write replaces', () => {
    const upsert = write('upsert', { externalId: 'x2' }, { a: 1, b: 1 })
    const result = folded(upsert, patch({ externalId: 'x2' }, { a: null, c: 2 }))
    expect(result.writes).toEqual([
      { op: 0, kind: 'entity', type: 'T', content: content({ b: 1, c: 2 }) },
    ])
    expect(folded(upsert, upsert).writes[0]?.content.properties).toEqual({ a: 1, b: 1 })
  })

  it('and keep their own operations when they are on different records', () => {
    const result = folded(write('create', { id: 'a' }), remove({ id: 'b' }), patch({ id: 'c' }, {}))
    expect(result.entities.map(({ op, id, action }) => [op, id, action])).toEqual([
      [0, 'a', 'create'],
      [1, 'b', 'delete'],
      [2, 'c', 'update'],
    ])
    expect(outcomes(result)).toEqual([0, 1, 2])
  })

  it('unless they want another type, which never changes (T2)', () => {
    const upsert = (type: string) => write('upsert', { externalId: 'x2' }, {}, type)
    expect(outcomes(folded(upsert('T'), upsert('U')))).toEqual([0, 'type_mismatch'])
    const patchExisting = patch({ id: 'e1' }, {})
    const other = write('upsert', { externalId: 'x1' }, {}, 'U')
    expect(outcomes(folded(patchExisting, other))).toEqual([0, 'type_mismatch'])
  })

  it('an entity and a relationship of one id are two records', () => {
    const end = { id: 'e1' }
    const result = folded(write('create', { id: 'same' }), relate('same', end, end))
    expect([result.entities.length, result.relationships.length]).toEqual([1, 1])
  })
})

describe('one record under two names', () => {
  it.each([
    ['two patches', patch({ id: 'e1' }, { a: 1 }), patch({ externalId: 'x1' }, { b: 2 })],
    ['an upsert and a patch', write('upsert', { externalId: 'x1' }), patch({ id: 'e1' }, { b: 2 })],
    ['a patch and an upsert', patch({ id: 'e1' }, { a: 1 }), write('upsert', { externalId: 'x1' })],
    ['two upserts', write('upsert', { id: 'e1' }), write('upsert', { externalId: 'x1' })],
    ['two deletions', remove({ id: 'e1' }), remove({ externalId: 'x1' })],
  ])('is one operation: %s', (_title, first, second) => {
    const result = folded(first, second)
    expect(outcomes(result)).toEqual([0, 0])
    expect(result.entities).toHaveLength(1)
  })

  it('carries both in an update, so that no group holds another request on it (C4)', () => {
    const [op] = folded(patch({ externalId: 'x1' }, {})).entities
    expect(op).toMatchObject({ id: 'e1', externalId: 'x1' })
  })

  it('is found when both names were given to it by this request', () => {
    const made = write('create', { id: 'n', externalId: 'x2' })
    expect(outcomes(folded(made, patch({ id: 'n' }, {}), patch({ externalId: 'x2' }, {})))).toEqual(
      [0, 0, 0],
    )
  })

  it('is not confused with the record that has the id beside its external id', () => {
    const commands = [
      write('create', { id: 'a', externalId: 'x2' }, { is: 'a' }),
      write('create', { id: 'b', externalId: 'x3' }, { is: 'b' }),
      write('upsert', { id: 'a', externalId: 'x3' }, { is: 'replaced' }),
    ]
    const result = folded(...commands)
    expect(outcomes(result)).toEqual([0, 1, 1])
    expect(result.writes.map((each) => each.content.properties)).toEqual([
      { is: 'a' },
      { is: 'replaced' },
    ])
  })

  it('is refused another external id', () => {
    const taken = [0, 'id_taken']
    const a = write('upsert', { id: 'a' })
    expect(outcomes(folded(a, write('upsert', { id: 'a', externalId: 'x2' })))).toEqual(taken)
    const e1 = patch({ id: 'e1' }, {})
    expect(outcomes(folded(e1, write('upsert', { id: 'e1', externalId: 'x2' })))).toEqual(taken)
  })
})

describe('the version that an operation expects', () => {
  it('is the one the patch was made from', () => {
    expect(folded(patch({ id: 'e1' }, {})).entities).toMatchObject([{ expectedVersion: 7 }])
  })

  it('is the one the caller names, where it names one', () => {
    expect(folded(patch({ id: 'e1' }, {}, 5)).entities).toMatchObject([{ expectedVersion: 5 }])
    expect(folded(remove({ id: 'e1' }, 5)).entities).toMatchObject([{ expectedVersion: 5 }])
    expect(folded(remove({ id: 'e1' })).entities).toMatchObject([{ expectedVersion: null }])
  })

  it('stays that of the first command on a record', () => {
    const result = folded(patch({ id: 'e1' }, {}, 5), patch({ id: 'e1' }, {}))
    expect(outcomes(result)).toEqual([0, 0])
    expect(result.entities).toMatchObject([{ expectedVersion: 5 }])
  })

  it('may be named by the first command on a record only', () => {
    const later = [0, 'invalid']
    const created = write('create', { id: 'n' })
    expect(outcomes(folded(created, patch({ id: 'n' }, {}, 1)))).toEqual(later)
    expect(outcomes(folded(patch({ id: 'e1' }, {}), patch({ id: 'e1' }, {}, 7)))).toEqual(later)
    expect(outcomes(folded(remove({ id: 'e1' }), remove({ id: 'e1' }, 7)))).toEqual(later)
  })

  it('is one that no record has, where the patched record was not there', () => {
    const result = folded(patch({ externalId: 'x9' }, { a: 1 }))
    expect(result.entities).toMatchObject([
      { action: 'update', id: null, externalId: 'x9', expectedVersion: 0 },
    ])
    expect(result.writes).toMatchObject([{ type: null, content: { properties: { a: 1 } } }])
    expect(outcomes(result)).toEqual([0])
  })
})

describe('the ends of a relationship', () => {
  const made = write('upsert', { id: 'n', externalId: 'x2' })

  it.each([
    ['earlier', [made, relate('r', { externalId: 'x2' }, { id: 'n' })], 0],
    ['later', [relate('r', { externalId: 'x2' }, { id: 'n' }), made], 1],
  ])('are operations where an %s command of the request writes them', (_title, commands, op) => {
    expect(folded(...commands).relationships).toMatchObject([{ from: { op }, to: { op } }])
  })

  it('stay names where the request only patches or deletes them, or does not touch them', () => {
    const [from, to] = [{ externalId: 'x1' }, { id: 'other' }]
    const patched = folded(patch({ id: 'e1' }, {}), relate('r', from, to))
    expect(patched.relationships).toMatchObject([{ from, to }])
    const deleted = folded(remove({ id: 'e1' }), relate('r', from, to))
    expect(deleted.relationships).toMatchObject([{ from, to }])
  })

  it('never change (T2)', () => {
    const [from, to] = [{ id: 'a' }, { id: 'b' }]
    const result = folded(relate('r', from, to), relate('r', to, from, 'upsert'))
    expect(outcomes(result)).toEqual([0, 'ends_mismatch'])
  })

  it('are compared: a relationship is not patched and upserted by one request', () => {
    const target = { id: 'r' }
    const patched = { ...patch(target, {}), kind: 'relationship' } as const
    const upserted = relate('r', { id: 'a' }, { id: 'b' }, 'upsert')
    expect(outcomes(folded(patched, upserted))).toEqual([0, 'invalid'])
    expect(outcomes(folded(upserted, patched))).toEqual([0, 0])
  })
})

it('a deletion leaves nothing behind that would have to be valid', () => {
  expect(folded(remove({ id: 'e1' })).writes).toEqual([])
})

it('a command that cannot be done leaves the operations before it as they were', () => {
  const result = folded(write('create', { id: 'n' }, { a: 1 }), write('create', { id: 'n' }))
  expect(outcomes(result)).toEqual([0, 'id_taken'])
  expect(result.writes).toMatchObject([{ content: { properties: { a: 1 } } }])
})

it('folding changes neither the commands nor what was read', () => {
  const commands = [patch({ id: 'e1' }, { old: null }), patch({ externalId: 'x1' }, { a: 1 })]
  const before = structuredClone([commands, EXISTING])
  folded(...commands)
  expect([commands, EXISTING]).toEqual(before)
})
