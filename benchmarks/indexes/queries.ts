import type { ListQuery } from '../../core/log/list-query.ts'

const PLAIN: ListQuery = {
  ...{ type: 'airport', externalId: null, namePrefix: null, fromId: null, toId: null },
  ...{ properties: [], contains: [], search: null, near: null, limit: 50, after: null },
  sort: { by: 'created_at', descending: false },
}
const inState = { path: ['state'], comparison: 'eq', value: 'S7' } as const
const low = { path: ['elevation'], comparison: 'lt', value: 300 } as const
const byElevation = { by: 'property', path: ['elevation'], descending: true } as const
const byRank = { by: 'rank', descending: true } as const
const byDistance = { by: 'distance', descending: false } as const

export const QUERIES: Readonly<Record<string, ListQuery>> = {
  'filter and sort': { ...PLAIN, properties: [inState], sort: byElevation },
  'filter and range': { ...PLAIN, properties: [inState, low] },
  'filter, by time': { ...PLAIN, properties: [inState] },
  contains: { ...PLAIN, contains: [{ path: ['note'], text: 'town 4242' }] },
  'search, 100 hits': { ...PLAIN, search: '"runway 77"', sort: byRank },
  'search, 100,000 hits': { ...PLAIN, search: 'runway', sort: byRank },
  'near, 300 km': { ...PLAIN, near: { lat: 40, lon: -100, radiusM: 300_000 }, sort: byDistance },
  'near, anywhere': { ...PLAIN, near: { lat: 40, lon: -100, radiusM: null }, sort: byDistance },
}
