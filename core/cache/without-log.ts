import { AppError, isAppError } from '../errors.ts'
import { boundMs } from '../log/consistency.ts'
import { isWithin } from './age.ts'
import type { Found } from './cache.ts'
import { answer, commonSeq } from './held.ts'
import { loadAndStore } from './load-and-store.ts'
import type { Freshness, LogReader, ReadAnswer, ReadRequest } from './log-reader.ts'

/** The log's object is away: a snapshot of the primary says what is and how far the log is (R7). */
export async function readWithoutLog<T>(
  log: LogReader,
  request: ReadRequest<T>,
): Promise<ReadAnswer<T>> {
  const { names, bookmark, arrivedAt, consistency } = request
  const all = names.map((_name, i) => i)
  // The second time any load that is joined has begun after this request.
  for (const isLast of [false, true]) {
    const { historyId, seq, parts } = await loadAndStore(log, request, all)
    const isYoung = parts.every(({ held: { knownAt } }) =>
      isWithin(boundMs(consistency), { knownAt, arrivedAt, now: log.now() }),
    )
    const reaches = bookmark === null || (bookmark.historyId === historyId && bookmark.seq <= seq)
    if (!isLast && !(isYoung && reaches)) continue
    checkBookmark(request, historyId, seq)
    return answer(request, parts, { historyId, told: 0 })
  }
  throw new Error('unreachable: the last load is answered')
}

/** R5: what a bookmark says must be of this history, and must have happened. */
export function checkBookmark(
  { bookmark }: Pick<Freshness, 'bookmark'>,
  historyId: string,
  head: number,
): void {
  if (bookmark === null) return
  if (bookmark.historyId !== historyId) {
    throw new AppError(
      'conflict',
      'Tendril-Bookmark: the graph was restored since; drop the bookmark and read anew',
    )
  }
  if (bookmark.seq > head) {
    throw new AppError('malformed_request', 'Tendril-Bookmark: is ahead of the graph')
  }
}

/** What memory has, when nothing else can be had and the caller allowed for its age; `null`: it may not. */
export function staleAnswer<T>(
  log: LogReader,
  request: ReadRequest<T>,
  error: unknown,
): ReadAnswer<T> | null {
  const { consistency, bookmark, names, arrivedAt } = request
  const { known } = log.view
  if (!isAppError(error) || error.code !== 'unavailable') return null
  if (consistency.level !== 'bounded' || known === null) return null
  if (bookmark && bookmark.historyId !== known.historyId) return null
  const prefix = log.keyPrefix(known.historyId)
  const found = names.flatMap((name): Found<T>[] => {
    const held = log.cache.peek<T>(prefix + name)
    return held ? [{ held, source: 'memory' }] : []
  })
  if (found.length < names.length) return null
  const { seq, upTo } = commonSeq(found)
  if (upTo < seq || upTo < (bookmark?.seq ?? 0)) return null
  const areWithin = (maxAgeMs: number) =>
    found.every(({ held: { knownAt } }) =>
      isWithin(maxAgeMs, { knownAt, arrivedAt, now: log.now() }),
    )
  if (!areWithin(consistency.boundMs + consistency.staleIfErrorMs)) return null
  const result = answer(request, found, { historyId: known.historyId, told: 0 })
  return { ...result, isStale: !areWithin(consistency.boundMs) }
}
