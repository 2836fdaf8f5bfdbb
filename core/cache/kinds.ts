/** What kinds of data are cached, and for how long at most: they are stale earlier by the watermarks. */
export const CACHE_KINDS = [
  'entity',
  'relationship',
  'list',
  'neighbors',
  'types',
  'access',
  'derived',
] as const
export type CacheKind = (typeof CACHE_KINDS)[number]

const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000

/** A bound on how long memory is wasted on what nobody changes and nobody asks for. */
export const TTL_MS: Readonly<Record<CacheKind, number>> = {
  entity: HOUR_MS,
  relationship: HOUR_MS,
  list: 15 * MINUTE_MS,
  neighbors: 15 * MINUTE_MS,
  types: 24 * HOUR_MS,
  access: 30 * MINUTE_MS,
  /** Each has an end of its own, at the latest then. */
  derived: 24 * HOUR_MS,
}

/**
 * Part of an isolate's memory that values of a kind may take at most. Records may have all of it: what
 * nobody else needs would be wasted otherwise. Pages and neighbours are large and change often, and must
 * not drive the records out.
 */
export const MEMORY_SHARE: Readonly<Record<CacheKind, number>> = {
  entity: 1,
  relationship: 1,
  list: 1 / 2,
  neighbors: 1 / 4,
  types: 1 / 4,
  access: 1 / 8,
  derived: 1 / 4,
}
