import type { Json } from '../json.ts'

export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

/** A condition on one property. `gt` and the like compare within one JSON type: numbers, strings. */
export type PropertyFilter = {
  readonly path: readonly string[]
  readonly comparison: Comparison
  readonly value: Json
}

/** Some text that a field contains: a name whatever its case, a string property as it is written. */
export type ContainsFilter = {
  /** `null`: the name. */
  readonly path: readonly string[] | null
  readonly text: string
}

/** A place and, in metres along the ground, how far from it at most; `null`: any distance. */
export type Near = { readonly lat: number; readonly lon: number; readonly radiusM: number | null }

/** `rank` is that of a `search`, `distance` that from `near`. */
export type SortKey =
  | { readonly by: 'id' | 'created_at' | 'updated_at' | 'version' | 'name' | 'rank' | 'distance' }
  | { readonly by: 'property'; readonly path: readonly string[] }

export type Sort = SortKey & { readonly descending: boolean }

/**
 * Where the last page ended: the sort value and id of its last record. Of a property the value is its
 * sort key in hexadecimal digits.
 */
export type Position = { readonly value: Json; readonly id: string }

export type ListQuery = {
  readonly type: string | null
  readonly externalId: string | null
  /** Compared by name key, so case does not count. Entities only. */
  readonly namePrefix: string | null
  /** Relationships only. */
  readonly fromId: string | null
  readonly toId: string | null
  readonly properties: readonly PropertyFilter[]
  readonly contains: readonly ContainsFilter[]
  /** Words as people type them into a search box; needs a full-text index. */
  readonly search: string | null
  /** Needs a geo index. Entities only. */
  readonly near: Near | null
  readonly sort: Sort
  readonly limit: number
  readonly after: Position | null
}

export const MAX_LIST_LIMIT = 1_000

/** A field as indexes name it. */
export function fieldName(path: readonly string[] | null): string {
  return path === null ? 'name' : ['properties', ...path].join('.')
}
