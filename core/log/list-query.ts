import type { Json } from '../json.ts'

export type Comparison = 'eq' | 'gt' | 'gte' | 'lt' | 'lte'

/** A condition on one property. `gt` and the like compare within one JSON type: numbers, strings. */
export type PropertyFilter = {
  readonly path: readonly string[]
  readonly comparison: Comparison
  readonly value: Json
}

export type SortKey =
  | { readonly by: 'id' | 'created_at' | 'updated_at' | 'version' | 'name' }
  | { readonly by: 'property'; readonly path: readonly string[] }

export type Sort = SortKey & { readonly descending: boolean }

/** Where the last page ended: the sort value and id of its last record. */
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
  readonly sort: Sort
  readonly limit: number
  readonly after: Position | null
}

export const MAX_LIST_LIMIT = 1_000
