import type { Source } from '../../core/cache/cache.ts'
import type { ReadInfo } from '../operations/records.ts'

/** What is said of most reads: memory had it, and it is not a second old. */
export const FROM_MEMORY = {
  'cache-status': 'tendril-memory; hit',
  age: '0',
} as const

/** The cache nearest to the data comes first. */
const CACHE_STATUS: Readonly<Record<Source, string>> = {
  memory: FROM_MEMORY['cache-status'],
  edge: 'tendril-edge; hit, tendril-memory; fwd=miss',
  redis: 'tendril-redis; hit, tendril-edge; fwd=miss, tendril-memory; fwd=miss',
  origin: 'tendril-memory; fwd=miss',
}

/**
 * How an answer came to be, in headers that say `FROM_MEMORY` already: RFC 9211, RFC 9111 for its age,
 * and Server Timing for what was waited for. In production the clock stands still while nothing is.
 */
export function explain(
  headers: Headers,
  { source, ageMs, isStale, spent = {} }: ReadInfo,
  accessMs: number,
): void {
  if (source !== 'memory') headers.set('cache-status', CACHE_STATUS[source])
  if (source === 'origin') headers.delete('age')
  else if (ageMs >= 1_000) headers.set('age', String(Math.floor(ageMs / 1_000)))
  if (isStale) headers.set('tendril-stale', '1')
  const { logMs, loadMs } = spent
  if (accessMs === 0 && logMs === undefined && loadMs === undefined) return
  const waits = [
    ...(accessMs > 0 ? [`auth;dur=${accessMs}`] : []),
    ...(logMs === undefined ? [] : [`log;dur=${logMs}`]),
    ...(loadMs === undefined ? [] : [`load;dur=${loadMs}`]),
  ]
  headers.set('server-timing', waits.join(', '))
}
