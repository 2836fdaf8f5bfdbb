import type { FieldError } from '../errors.ts'
import type { Json } from '../json.ts'
import { fieldName, type ListQuery, type PropertyFilter } from '../log/list-query.ts'
import type { DeclaredIndex, IndexMethod } from './definition.ts'

/** What of a query a composite index answers: the records between two keys. */
export type CompositeUse = {
  readonly indexId: string
  /** Values of the first fields. */
  readonly equal: readonly Json[]
  /** Bounds of the next field: comparisons of one property, or how a name begins. */
  readonly range: readonly PropertyFilter[]
  readonly namePrefix: string | null
  /** No field is left: all entries wanted have one key. */
  readonly isWhole: boolean
}

/** Something that finds the records which satisfy a part of a query's conditions, if they are few. */
export type Narrowing =
  | { readonly by: 'composite'; readonly use: CompositeUse }
  | {
      readonly by: 'text'
      readonly indexId: string
      readonly text: string
      readonly isName: boolean
    }
  | { readonly by: 'search' | 'near' }

/**
 * How indexes serve a query. Every condition is checked on the records anyway, so that the answer is
 * the same with any plan.
 */
export type IndexPlan = {
  /** Has the records in the order that is asked for. */
  readonly ordered: CompositeUse | null
  /** Looked at first: when it finds few records, these are all that is read. */
  readonly narrowing: Narrowing | null
  /** Ids of the indexes that `search` and `near` need. */
  readonly searchIndexId: string | null
  readonly nearIndexId: string | null
}

export const NO_INDEXES: IndexPlan = {
  ordered: null,
  narrowing: null,
  searchIndexId: null,
  nearIndexId: null,
}

/** Whether an index of the type could make any difference to the query. */
export function mayUseIndexes(query: ListQuery): boolean {
  if (query.type === null) return false
  const { properties, contains, search, near, namePrefix, sort } = query
  const conditions = properties.length + contains.length + (namePrefix === null ? 0 : 1)
  return (
    conditions > 0 || search !== null || near !== null || ['property', 'name'].includes(sort.by)
  )
}

/** The plan for a query on one type with these indexes, or the parameters that need another index. */
export function planIndexes(
  query: ListQuery,
  indexes: readonly DeclaredIndex[],
): { readonly plan: IndexPlan; readonly missing: readonly FieldError[] } {
  const ready = indexes.filter(({ status }) => status === 'ready')
  const idOf = (method: IndexMethod) => ready.find((index) => index.method === method)?.id ?? null
  const searchIndexId = query.search === null ? null : idOf('fulltext')
  const nearIndexId = query.near === null ? null : idOf('geo')
  const missing = [
    ...(query.search !== null && searchIndexId === null ? [needed('search', indexes)] : []),
    ...(query.near !== null && nearIndexId === null ? [needed('near', indexes)] : []),
  ]
  const uses = ready.filter(({ method }) => method === 'composite').map((i) => useOf(i, query))
  const ordered = best(uses.filter(({ isOrdered }) => isOrdered))
  const narrow = best(uses.filter(({ weight }) => weight > 0))
  const isOrderedBest = ordered !== null && ordered.weight >= (narrow?.weight ?? 0)
  const composite: Narrowing | null =
    narrow && !isOrderedBest ? { by: 'composite', use: narrow.use } : null
  return {
    missing,
    plan: {
      ordered: ordered?.use ?? null,
      narrowing: searchNarrowing(query) ?? composite ?? textNarrowing(query, ready),
      searchIndexId,
      nearIndexId,
    },
  }
}

type Weighed = {
  readonly use: CompositeUse
  readonly isOrdered: boolean
  /** How much of the conditions it answers. */
  readonly weight: number
}

function best(uses: readonly Weighed[]): Weighed | null {
  return uses.reduce<Weighed | null>((a, b) => (a && a.weight >= b.weight ? a : b), null)
}

function useOf({ id, fields }: DeclaredIndex, query: ListQuery): Weighed {
  const equal: Json[] = []
  for (const field of fields) {
    const filter = query.properties.find(
      ({ path, comparison }) => comparison === 'eq' && fieldName(path) === field,
    )
    if (!filter) break
    equal.push(filter.value)
  }
  const next = fields[equal.length]
  const range = query.properties.filter(
    ({ path, comparison }) => comparison !== 'eq' && fieldName(path) === next,
  )
  const namePrefix = next === 'name' ? query.namePrefix : null
  const isWhole = equal.length === fields.length
  return {
    use: { indexId: id, equal, range, namePrefix, isWhole },
    isOrdered: isWhole
      ? query.sort.by === 'id'
      : equal.length === fields.length - 1 && next === sortField(query),
    weight: 2 * equal.length + (range.length > 0 || namePrefix !== null ? 1 : 0),
  }
}

function sortField({ sort }: ListQuery): string | null {
  if (sort.by === 'property') return fieldName(sort.path)
  return sort.by === 'name' ? 'name' : null
}

/** A search whose hits are not in the order that is asked for. */
function searchNarrowing({ search, near, sort }: ListQuery): Narrowing | null {
  if (sort.by === 'rank' || sort.by === 'distance') return null
  if (search !== null) return { by: 'search' }
  return near === null ? null : { by: 'near' }
}

/** Trigrams are made of letters and digits that stand together. */
const TRIGRAM = /[\p{L}\p{N}]{3}/u

function textNarrowing({ contains }: ListQuery, ready: readonly DeclaredIndex[]): Narrowing | null {
  for (const { path, text } of contains) {
    const index = ready.find(
      ({ method, fields }) => method === 'text' && fields.includes(fieldName(path)),
    )
    if (index && TRIGRAM.test(text)) {
      return { by: 'text', indexId: index.id, text, isName: path === null }
    }
  }
  return null
}

const METHODS = { search: 'fulltext', near: 'geo' } as const
const EXAMPLES = {
  search: '{"name": "words", "method": "fulltext", "fields": ["name"]}',
  near: '{"name": "place", "method": "geo", "fields": []}',
} as const

function needed(parameter: 'search' | 'near', indexes: readonly DeclaredIndex[]): FieldError {
  const method = METHODS[parameter]
  const building = indexes.find((index) => index.method === method)
  const message = building
    ? `needs the index ${building.name} of the type, which is still being built`
    : `needs a ${method} index on the type: declare one, such as ${EXAMPLES[parameter]}`
  return { pointer: parameter, message }
}
