import { LRUCache } from 'lru-cache'
import type { GraphSchema } from '../core/types/graph-schema.ts'

/** Graphs whose types one isolate keeps compiled. */
const MAX_SCHEMAS = 500

/**
 * What outlives a request in an isolate: data only, never clients or promises. Graph schemas may be
 * old without harm, since a commit says which schema it was validated against (C5).
 */
export const isolate = {
  schemas: new LRUCache<string, GraphSchema>({ max: MAX_SCHEMAS }),
}
