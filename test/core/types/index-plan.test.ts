import { describe, expect, it } from 'vitest'
import type { Comparison, ListQuery } from '../../../core/log/list-query.ts'
import type { DeclaredIndex, IndexMethod } from '../../../core/types/definition.ts'
import { mayUseIndexes, planIndexes } from '../../../core/types/index-plan.ts'

const plain: ListQuery = {
  ...{ type: 'port', externalId: null, namePrefix: null, fromId: null, toId: null },
  ...{ properties: [], contains: [], search: null, near: null, limit: 50, after: null },
  sort: { by: 'created_at', descending: false },
}
const has = (key: string, comparison: Comparison = 'eq', value: number | string = 1) => ({
  ...{ path: [key], comparison, value },
})
const sortedBy = (key: string) => ({ by: 'property', path: [key], descending: false }) as const
const byRank = { by: 'rank', descending: true } as const

/** Indexes named by what they are of: `a+b` is composite, `text:note` another method. */
function declared(...names: string[]): DeclaredIndex[] {
  return names.map((name) => {
    const [method, keys = ''] = name.includes(':') ? name.split(':') : ['composite', name]
    const fields = keys
      .split('+')
      .filter(Boolean)
      .map((key) => (key === 'name' ? key : `properties.${key}`))
    return { id: name, name, method: method as IndexMethod, fields, status: 'ready' }
  })
}

function plan(query: Partial<ListQuery>, ...names: string[]) {
  return planIndexes({ ...plain, ...query }, declared(...names)).plan
}

describe('a composite index', () => {
  it('gives the order where its first fields are equal and its last is sorted by', () => {
    const query = { properties: [has('a'), has('b')], sort: sortedBy('c') }
    expect(plan(query, 'a+c', 'c', 'b+a+c', 'a+b', 'c+a+b')).toMatchObject({
      ordered: { indexId: 'b+a+c', equal: [1, 1] },
      narrowing: null,
    })
  })

  it('gives no order by a field that others stand behind, or that none are equal before', () => {
    expect(plan({ sort: sortedBy('a') }, 'a+b').ordered).toBeNull()
    expect(plan({ sort: sortedBy('b') }, 'a+b').ordered).toBeNull()
    expect(plan({ properties: [has('a', 'gt')], sort: sortedBy('b') }, 'a+b')).toMatchObject({
      ordered: null,
      narrowing: { by: 'composite' },
    })
  })

  it('gives the order of ids where all its fields are equal', () => {
    const sort = { by: 'id', descending: false } as const
    expect(plan({ properties: [has('a')], sort }, 'a').ordered).toMatchObject({ isWhole: true })
    expect(plan({ properties: [has('a')], sort }, 'a+b').ordered).toBeNull()
  })

  it('gives the order of names, and takes how they begin', () => {
    const sort = { by: 'name', descending: true } as const
    expect(plan({ properties: [has('a')], namePrefix: 'x', sort }, 'a+name')).toMatchObject({
      ordered: { indexId: 'a+name', namePrefix: 'x' },
    })
    expect(plan({ namePrefix: 'x' }, 'a+name').narrowing).toBeNull()
  })

  it('that answers more of the conditions is looked at before the order is gone by', () => {
    const query = { properties: [has('a'), has('b', 'gt'), has('b', 'lte')], sort: sortedBy('c') }
    expect(plan(query, 'a+c', 'a+b', 'b')).toMatchObject({
      ordered: { indexId: 'a+c' },
      narrowing: { by: 'composite', use: { indexId: 'a+b', equal: [1], range: [{}, {}] } },
    })
  })

  it('is of no use while it is being built, or for conditions on other fields', () => {
    const building = declared('a').map((index) => ({ ...index, status: 'building' }) as const)
    const query = { ...plain, properties: [has('a')] }
    expect(planIndexes(query, building).plan.narrowing).toBeNull()
    expect(plan({ properties: [has('b')] }, 'a').narrowing).toBeNull()
  })
})

describe('a text index', () => {
  it('serves parts that have three letters or digits together', () => {
    const contains = (text: string) => plan({ contains: [{ path: ['n'], text }] }, 'text:n')
    expect(contains('x abc').narrowing).toMatchObject({ by: 'text', indexId: 'text:n' })
    expect(contains('ab cd_e').narrowing).toBeNull()
    expect(plan({ contains: [{ path: null, text: 'abc' }] }, 'text:n', 'text:name')).toMatchObject({
      narrowing: { indexId: 'text:name', isName: true },
    })
  })
})

describe('a search', () => {
  it('goes before every other index unless its hits come in their own order', () => {
    const query = { search: 'x', properties: [has('a')] }
    expect(plan(query, 'a', 'fulltext:n')).toMatchObject({
      narrowing: { by: 'search' },
      searchIndexId: 'fulltext:n',
    })
  })

  it('names the parameters that need an index which is not there, or not yet', () => {
    const near = { lat: 1, lon: 1, radiusM: null }
    const building = declared('fulltext:n').map((i) => ({ ...i, status: 'building' }) as const)
    const query = { ...plain, search: 'x', near, sort: byRank }
    const { missing } = planIndexes(query, building)
    expect(missing.map(({ pointer }) => pointer)).toEqual(['search', 'near'])
    expect(missing[0]?.message).toMatch(/fulltext:n.+still being built/)
    expect(missing[1]?.message).toMatch(/geo index/)
    expect(planIndexes(query, declared('fulltext:n', 'geo:')).missing).toEqual([])
  })
})

describe('a list', () => {
  it('looks at the types only if an index could make a difference', () => {
    expect(mayUseIndexes(plain)).toBe(false)
    expect(mayUseIndexes({ ...plain, type: null, properties: [has('a')] })).toBe(false)
    expect(mayUseIndexes({ ...plain, sort: { by: 'version', descending: true } })).toBe(false)
    expect(mayUseIndexes({ ...plain, sort: sortedBy('a') })).toBe(true)
    expect(mayUseIndexes({ ...plain, namePrefix: '' })).toBe(true)
  })
})
