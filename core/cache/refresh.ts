import type { Held } from './entry.ts'
import { revalidate } from './held.ts'
import { loadAndStore } from './load-and-store.ts'
import type { LogReader, ReadRequest } from './log-reader.ts'
import type { Known } from './log-view.ts'

/** Brings values up to date behind an answer: from a tier if one has them, else by one isolate's load. */
export async function refresh<T>(
  log: LogReader,
  request: ReadRequest<T>,
  indexes: readonly number[],
  known: Known,
): Promise<void> {
  const { names, kind } = request
  const prefix = log.keyPrefix(known.historyId)
  const isCurrent = (held: Held<T>): boolean => {
    revalidate(held, known, log.now())
    return held.upTo >= known.copy.head
  }
  try {
    const keys = indexes.map((i) => prefix + names[i])
    const found = await log.cache.find<T>(keys, isCurrent, kind)
    const missing = indexes.filter((_i, at) => found[at] === null)
    if (missing.length > 0) await loadAndStore(log, request, missing)
  } catch {
    // Whatever kept it from being loaded, whoever reads it next is told.
  }
}
