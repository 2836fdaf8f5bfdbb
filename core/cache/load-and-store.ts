import type { Found } from './cache.ts'
import type { Held } from './entry.ts'
import type { Loaded, LogReader, ReadRequest, Timed } from './log-reader.ts'

/** Values loaded in one snapshot, in the order of their indexes. */
export type LoadedParts<T> = {
  readonly historyId: string
  readonly seq: number
  readonly parts: readonly Found<T>[]
}

/**
 * Loads values in one snapshot, together with whoever asks for the same ones, and keeps them. A load
 * that is joined may have begun before this request; one that is joined after it has ended has not.
 */
export async function loadAndStore<T>(
  log: LogReader,
  request: ReadRequest<T>,
  indexes: readonly number[],
): Promise<LoadedParts<T>> {
  const { kind, names } = request
  const flight = JSON.stringify([kind, indexes.map((i) => names[i])])
  let leads = false
  const work = () => {
    leads = true
    return loadOnce(log, request, indexes)
  }
  const { began, result } = (await log.flights.run(flight, work, log.waiting)) as Timed<Loaded<T>>
  if (!leads) log.cache.count({ type: 'joined', kind })
  const { seq, historyId } = result
  return { historyId, seq, parts: partsOf(request, result, began) }
}

/** The leader keeps what it loaded, once for all who wait for it. */
async function loadOnce<T>(
  log: LogReader,
  request: ReadRequest<T>,
  indexes: readonly number[],
): Promise<Timed<Loaded<T>>> {
  const { kind, names, load, isUncached = false } = request
  const namesAt = (prefix: string) => indexes.map((i) => prefix + names[i])
  const began = log.now()
  log.cache.count({ type: 'loads', kind })
  try {
    const result = await load(indexes)
    if (result.values.length < indexes.length) {
      throw new Error('a load gave fewer values than asked for')
    }
    if (!isUncached) {
      const { historyId } = result
      // Under the history that the load saw: a restore may lie between it and the watermarks (H1).
      const keys = namesAt(log.keyPrefix(historyId))
      const parts = partsOf(request, result, began)
      log.cache.store(parts.map(({ held }, at) => [keys[at] ?? '', held]))
    }
    return { began, result }
  } catch (error) {
    const { known } = log.view
    if (known && !isUncached) log.cache.abandon(namesAt(log.keyPrefix(known.historyId)))
    throw error
  }
}

function partsOf<T>(
  { kind }: ReadRequest<T>,
  { seq, values }: Loaded<T>,
  began: number,
): Found<T>[] {
  return values.map((value) => {
    const held: Held<T> = { kind, seq, ...value, upTo: seq, knownAt: began }
    return { held, source: 'origin' }
  })
}
