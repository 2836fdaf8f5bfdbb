import { describe, expect, it } from 'vitest'
import { changeType, removeType, type WantedType } from '../../../core/types/change-type.ts'
import type { DeclaredIndex, TypeState } from '../../../core/types/definition.ts'
import { acceptChange, finishIndex, refuseChange } from '../../../core/types/finish-task.ts'

const WIDE = { properties: { a: { type: ['string', 'number'] } } }
const NARROW = { properties: { a: { type: 'string' } } }
const OTHER = { required: ['b'] }
const INDEX: DeclaredIndex = {
  id: 'one',
  name: 'by_a',
  method: 'composite',
  fields: ['properties.a'],
  status: 'ready',
}

const wide = state({ json_schema: WIDE })
const checking = state({
  json_schema: WIDE,
  change: { status: 'checking', json_schema: NARROW },
})
const refused = refuseChange(checking, []).after

describe('changing a type', () => {
  it('that is not defined defines it if it has no records, and else checks them first', () => {
    expect(steps(null, NARROW)).toEqual([
      {
        event: 'type.defined',
        after: state({ json_schema: NARROW }),
        onlyIfUnused: true,
        startTasks: [],
        endTasks: [],
      },
      {
        event: 'type.changing',
        after: state({ change: { status: 'checking', json_schema: NARROW } }),
        onlyIfUnused: false,
        startTasks: ['check'],
        endTasks: [],
      },
    ])
  })

  it('to a wider schema is done at once, records or not', () => {
    const step = { event: 'type.changed', after: wide, onlyIfUnused: false, startTasks: [] }
    expect(steps(state({ json_schema: NARROW }), WIDE)).toMatchObject([step])
    const free = { event: 'type.defined', onlyIfUnused: false }
    expect(steps(null, { title: 'takes anything' })).toMatchObject([free])
  })

  it('to a narrower one binds writes first', () => {
    expect(steps(wide, NARROW)).toMatchObject([
      { event: 'type.changed', after: { json_schema: NARROW, change: null }, onlyIfUnused: true },
      { event: 'type.changing', after: checking, onlyIfUnused: false, startTasks: ['check'] },
    ])
  })

  it('to what it is already does nothing, whatever the order of the keys', () => {
    const schema = { title: 'x', properties: { a: {}, b: {} } }
    const same = { properties: { b: {}, a: {} }, title: 'x' }
    expect(steps(state({ json_schema: schema }), same)).toEqual([])
    expect(steps(checking, NARROW)).toEqual([])
  })

  it('back to the schema in force calls a check off, and forgets a refusal', () => {
    const step = { event: 'type.changed', after: wide, startTasks: [], onlyIfUnused: false }
    expect(steps(checking, WIDE)).toEqual([{ ...step, endTasks: ['check'] }])
    expect(steps(refused, WIDE)).toEqual([{ ...step, endTasks: [] }])
  })

  it('while another schema is being checked is a conflict', () => {
    expect(() => steps(checking, OTHER)).toThrow(expect.objectContaining({ code: 'conflict' }))
  })

  it('after a refusal begins a check anew', () => {
    const [, second] = steps(refused, NARROW)
    expect(second).toMatchObject({ event: 'type.changing', after: checking, startTasks: ['check'] })
  })
})

describe('the indexes of a type', () => {
  const { id: _, status: __, ...declared } = INDEX
  const withIndex = state({ json_schema: WIDE, indexes: [INDEX] })

  it('are built where they are declared, under an id of their own', () => {
    expect(steps(wide, WIDE, [declared])).toMatchObject([
      {
        event: 'type.changed',
        after: { ...wide, indexes: [{ ...INDEX, id: 'id 1', status: 'building' }] },
        startTasks: ['build:id 1'],
        endTasks: [],
      },
    ])
  })

  it('stay as they are where they are not spoken of, or the same', () => {
    expect(steps(withIndex, WIDE)).toEqual([])
    expect(steps(withIndex, WIDE, [declared])).toEqual([])
    const [step] = steps(withIndex, NARROW)
    expect(step).toMatchObject({ after: { indexes: [INDEX] }, startTasks: [], endTasks: [] })
  })

  it('are dropped where they are gone, and dropped and built where they are different', () => {
    const [dropped] = steps(withIndex, WIDE, [])
    expect(dropped).toMatchObject({ after: wide, startTasks: ['drop:one'], endTasks: [] })
    const [changed] = steps(withIndex, WIDE, [{ ...declared, fields: ['name'] }])
    expect(changed).toMatchObject({
      after: { indexes: [{ id: 'id 1', name: 'by_a', fields: ['name'], status: 'building' }] },
      startTasks: ['build:id 1', 'drop:one'],
    })
  })

  it('are not built any further once they are dropped', () => {
    const building = state({ json_schema: WIDE, indexes: [{ ...INDEX, status: 'building' }] })
    const gone = { startTasks: ['drop:one'], endTasks: ['build:one'] }
    expect(steps(building, WIDE, [])).toMatchObject([gone])
    expect(removeType(building)).toMatchObject({ event: 'type.removed', after: null, ...gone })
  })

  it('may change while a schema is being checked, and leave that alone', () => {
    const [step] = steps(checking, NARROW, [declared])
    expect(step).toMatchObject({
      event: 'type.changed',
      after: { json_schema: WIDE, change: checking.change, indexes: [{ id: 'id 1' }] },
      startTasks: ['build:id 1'],
      endTasks: [],
    })
  })
})

describe('removing a type', () => {
  it('ends its check', () => {
    expect(removeType(checking)).toMatchObject({ after: null, startTasks: [], endTasks: ['check'] })
    expect(removeType(wide)).toMatchObject({ startTasks: [], endTasks: [] })
  })
})

describe('the end of a task', () => {
  it('puts the schema in force, or leaves the former with examples of what stands in the way', () => {
    const end = { startTasks: [], endTasks: ['check'], onlyIfUnused: false }
    const after = state({ json_schema: NARROW })
    expect(acceptChange(checking)).toEqual({ event: 'type.changed', after, ...end })
    const examples = [{ id: 'x', external_id: null, errors: [] }]
    const change = { status: 'refused', json_schema: NARROW, examples }
    expect(refuseChange(checking, examples)).toEqual({
      event: 'type.change_refused',
      after: { ...wide, change },
      ...end,
    })
  })

  it('makes an index ready, and no other', () => {
    const building = { ...INDEX, id: 'two', status: 'building' } as const
    const both = { ...checking, indexes: [{ ...building, id: 'one' }, building] }
    expect(finishIndex(both, 'two')).toEqual({
      event: 'type.indexed',
      after: { ...checking, indexes: [both.indexes[0], { ...building, status: 'ready' }] },
      onlyIfUnused: false,
      startTasks: [],
      endTasks: ['build:two'],
    })
  })
})

function state(parts: Partial<TypeState>): TypeState {
  return { json_schema: {}, change: null, indexes: [], ...parts }
}

function steps(
  current: TypeState | null,
  json_schema: WantedType['json_schema'],
  indexes: WantedType['indexes'] = null,
) {
  let ids = 0
  return changeType(current, { json_schema, indexes }, () => {
    ids += 1
    return `id ${ids}`
  })
}
