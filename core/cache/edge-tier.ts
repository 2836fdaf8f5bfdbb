import { decodeEntry, encodeEntry } from './codec.ts'
import { TTL_MS } from './kinds.ts'
import type { Tier } from './tier.ts'

/** What the tier needs of a cache of responses: the Cache API of one data centre. */
export type ResponseCache = {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
  delete(url: string): Promise<unknown>
}

/** Keys of one lookup asked for at the same time: a request may have six connections. */
const MAX_CONCURRENT = 4
/** More keys than that are not worth a round trip each. */
const MAX_KEYS = 16

/**
 * Entries in the cache of the data centre. The URL is a name only; nobody can fetch it. Freshness is
 * decided by the entry's seq, so that what the cache makes of headers does not matter.
 */
export function edgeTier(open: () => Promise<ResponseCache>): Tier {
  return {
    name: 'edge',
    async get(keys) {
      if (keys.length > MAX_KEYS) return []
      const cache = await open()
      return inParts(keys, async (key) => {
        const response = await cache.match(urlOf(key))
        return response ? decodeEntry(await response.text()) : null
      })
    },
    async set(entries) {
      if (entries.length > MAX_KEYS) return
      const cache = await open()
      await inParts(entries, async ([key, entry]) => {
        const headers = { 'cache-control': `max-age=${TTL_MS[entry.kind] / 1_000}` }
        await cache.put(urlOf(key), new Response(await encodeEntry(entry), { headers }))
      })
    },
    async delete(keys) {
      const cache = await open()
      await inParts(keys, (key) => cache.delete(urlOf(key)))
    },
  }
}

function urlOf(key: string): string {
  return `https://cache.tendril.invalid/${encodeURIComponent(key)}`
}

async function inParts<T, R>(items: readonly T[], run: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = []
  for (let i = 0; i < items.length; i += MAX_CONCURRENT) {
    results.push(...(await Promise.all(items.slice(i, i + MAX_CONCURRENT).map(run))))
  }
  return results
}
