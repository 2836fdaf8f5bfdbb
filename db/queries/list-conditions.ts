import { type SQL, sql } from 'drizzle-orm'
import type { Json } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ContainsFilter, ListQuery, PropertyFilter, Sort } from '../../core/log/list-query.ts'
import { nameKey } from '../../core/log/name-key.ts'
import type { IndexPlan } from '../../core/types/index-plan.ts'
import { inGraph } from './snapshot.ts'
import { chordOf } from './sphere.ts'

/** Everything a record `r` has to satisfy, whichever way it was found, but where the page begins. */
export function conditions(graph: GraphAddress, query: ListQuery, plan: IndexPlan): SQL[] {
  const { type, externalId, fromId, toId, namePrefix } = query
  return [
    inGraph(graph, 'r'),
    ...(type === null ? [] : [sql`r.type = ${type}`]),
    ...(externalId === null ? [] : [sql`r.external_id = ${externalId}`]),
    ...(fromId === null ? [] : [sql`r.from_id = ${fromId}::uuid`]),
    ...(toId === null ? [] : [sql`r.to_id = ${toId}::uuid`]),
    ...(namePrefix === null ? [] : [hasPrefix(nameKey(namePrefix))]),
    ...query.properties.map(propertyCondition),
    ...query.contains.map(containsCondition),
    ...searchConditions(graph, query, plan),
  ]
}

/** Whether a record has anything to satisfy besides being found by what the list is sorted by. */
export function hasOtherConditions(query: ListQuery): boolean {
  const { externalId, fromId, toId, namePrefix, properties, contains, search, near, sort } = query
  return (
    (search !== null && sort.by !== 'rank') ||
    (near !== null && sort.by !== 'distance') ||
    [externalId, fromId, toId, namePrefix].some((each) => each !== null) ||
    properties.length + contains.length > 0
  )
}

/** A range of the "C"-collated name key: usable by its index whatever the server's locale. */
function hasPrefix(prefix: string): SQL {
  const [last] = [...prefix].slice(-1)
  const next = last === undefined ? null : successor(last)
  const lower = sql`r.name_key >= ${prefix} collate "C"`
  if (last === undefined || next === null)
    return sql`${lower} and starts_with(r.name_key, ${prefix})`
  return sql`${lower} and r.name_key < ${prefix.slice(0, -last.length) + next} collate "C"`
}

/** The next code point that text can hold: surrogates are not characters. */
function successor(character: string): string | null {
  const code = (character.codePointAt(0) ?? 0) + 1
  if (code > 0x10ffff) return null
  return String.fromCodePoint(code >= 0xd800 && code <= 0xdfff ? 0xe000 : code)
}

const OPERATORS = { eq: '=', gt: '>', gte: '>=', lt: '<', lte: '<=' } as const

/** Strings by code point, as they are sorted: jsonb would compare them by the database's locale. */
function propertyCondition({ path, comparison, value }: PropertyFilter): SQL {
  const property = propertyOf(path)
  const literal = sql`${JSON.stringify(value)}::jsonb`
  const operator = sql.raw(OPERATORS[comparison])
  if (comparison === 'eq') return sql`${property} = ${literal}`
  const isOfType = sql`jsonb_typeof(${property}) = jsonb_typeof(${literal})`
  return typeof value === 'string'
    ? sql`${isOfType} and (${property} #>> '{}') collate "C" ${operator} ${value}`
    : sql`${isOfType} and ${property} ${operator} ${literal}`
}

function containsCondition({ path, text }: ContainsFilter): SQL {
  if (path === null) return sql`strpos(r.name_key, ${nameKey(text)}) > 0`
  const property = propertyOf(path)
  return sql`jsonb_typeof(${property}) = 'string'
    and strpos((${property} #>> '{}') collate "C", ${text}) > 0`
}

/** What a search has to find, looked up record by record: for records that were found another way. */
function searchConditions(graph: GraphAddress, query: ListQuery, plan: IndexPlan): SQL[] {
  const found: SQL[] = []
  if (query.search !== null && query.sort.by !== 'rank') {
    found.push(sql`(select f.document @@ websearch_to_tsquery('pg_catalog.simple', ${query.search})
      from fulltext_entries f where ${inGraph(graph, 'f')}
        and f.index_id = (select ${plan.searchIndexId}::uuid) and f.record_id = r.id limit 1)`)
  }
  if (query.near !== null && query.sort.by !== 'distance') {
    const { lat, lon, radiusM } = query.near
    found.push(sql`(select (f.place <-> tendril_place(${lat}::float8, ${lon}::float8))
        <= ${chordOf(radiusM)}::float8
      from geo_entries f where ${inGraph(graph, 'f')}
        and f.index_id = (select ${plan.nearIndexId}::uuid) and f.record_id = r.id limit 1)`)
  }
  return found
}

/** What a list is sorted by, beside the id. */
export function sortValue(sort: Sort): SQL {
  switch (sort.by) {
    case 'name':
      return sql`r.name_key`
    case 'property':
      return sql`tendril_sort_key(${propertyOf(sort.path)})`
    default:
      return sql.raw(`r.${sort.by}`)
  }
}

/** A sort value as it goes into a cursor. */
export function shownSortValue(sort: Sort, value: SQL): SQL {
  return sort.by === 'property' ? sql`encode(${value}, 'hex')` : value
}

/** The other way round. */
export function positionValue(sort: Sort, value: Json): SQL {
  switch (sort.by) {
    case 'name':
      return sql`${String(value)}::text collate "C"`
    case 'property':
      return sql`decode(${String(value)}, 'hex')`
    case 'id':
      return sql`${String(value)}::uuid`
    case 'version':
      return sql`${Number(value)}::bigint`
    case 'rank':
    case 'distance':
      return sql`${Number(value)}::float8`
    default:
      return sql`${String(value)}::timestamptz`
  }
}

function propertyOf(path: readonly string[]): SQL {
  const literal = `{${path.map((key) => `"${key.replace(/(["\\])/g, '\\$1')}"`).join(',')}}`
  return sql`(r.properties #> ${literal}::text[])`
}
