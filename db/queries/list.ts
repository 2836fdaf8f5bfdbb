import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery, PropertyFilter, Sort } from '../../core/log/list-query.ts'
import { nameKey } from '../../core/log/name-key.ts'
import { inGraph } from './snapshot.ts'

/**
 * A page of records by keyset: the sort value and the id make a total order, so pages neither repeat
 * nor skip a record that did not change. Fetches one row more than asked for, which says whether
 * there is a next page, and the sort value as `sort_value`.
 */
export function listStatement(
  graph: GraphAddress,
  table: 'entities' | 'relationships',
  columns: SQL,
  query: ListQuery,
): SQL {
  const value = sortValue(query.sort)
  const direction = sql.raw(query.sort.descending ? 'desc' : 'asc')
  const conditions = [inGraph(graph, 'r'), ...filters(query)]
  if (query.after) {
    const beyond = sql.raw(query.sort.descending ? '<' : '>')
    conditions.push(
      sql`(${value}, r.id) ${beyond} (${positionValue(query.sort, query.after.value)}, ${query.after.id}::uuid)`,
    )
  }
  return sql`select ${columns}, ${value} as sort_value from ${sql.raw(table)} r
    where ${sql.join(conditions, sql` and `)}
    order by ${value} ${direction}, r.id ${direction} limit ${query.limit + 1}`
}

function filters(query: ListQuery): SQL[] {
  const conditions: SQL[] = []
  if (query.type !== null) conditions.push(sql`r.type = ${query.type}`)
  if (query.externalId !== null) conditions.push(sql`r.external_id = ${query.externalId}`)
  if (query.fromId !== null) conditions.push(sql`r.from_id = ${query.fromId}::uuid`)
  if (query.toId !== null) conditions.push(sql`r.to_id = ${query.toId}::uuid`)
  if (query.namePrefix !== null) conditions.push(hasPrefix(nameKey(query.namePrefix)))
  return [...conditions, ...query.properties.map(propertyCondition)]
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

function propertyCondition({ path, comparison, value }: PropertyFilter): SQL {
  const property = sql`r.properties #> ${pathLiteral(path)}::text[]`
  const literal = sql`${JSON.stringify(value)}::jsonb`
  const compared = sql`${property} ${sql.raw(OPERATORS[comparison])} ${literal}`
  return comparison === 'eq'
    ? compared
    : sql`${compared} and jsonb_typeof(${property}) = jsonb_typeof(${literal})`
}

function sortValue(sort: Sort): SQL {
  switch (sort.by) {
    case 'name':
      return sql`r.name_key`
    case 'property': {
      const value = sql`coalesce(r.properties #> ${pathLiteral(sort.path)}::text[], 'null'::jsonb)`
      return sql`case when pg_column_size(${value}) <= ${MAX_SORT_BYTES} then ${value}
        else to_jsonb(left(${value} #>> '{}', ${SORT_CHARACTERS})) end`
    }
    default:
      return sql.raw(`r.${sort.by}`)
  }
}

/** The sort value becomes part of a cursor, and that of a URL: larger ones sort by their beginning. */
const MAX_SORT_BYTES = 512
const SORT_CHARACTERS = 200

function positionValue(sort: Sort, value: ListQuery['properties'][number]['value']): SQL {
  switch (sort.by) {
    case 'name':
      return sql`${String(value)}::text collate "C"`
    case 'property':
      return sql`${JSON.stringify(value)}::jsonb`
    case 'id':
      return sql`${String(value)}::uuid`
    case 'version':
      return sql`${Number(value)}::bigint`
    default:
      return sql`${String(value)}::timestamptz`
  }
}

function pathLiteral(path: readonly string[]): string {
  return `{${path.map((key) => `"${key.replace(/(["\\])/g, '\\$1')}"`).join(',')}}`
}
