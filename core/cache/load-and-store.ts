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
  { kind, names, load, isUncached }: ReadRequest<T>,
  indexes: readonly number[],
): Promise<LoadedParts<T>> {
  const flight = JSON.stringify([kind, indexes.map((i) => names[i])])
  const work = async () => ({ began: log.now(), result: await load(indexes) })
  const { began, result } = (await log.flights.run(flight, work, log.waiting)) as Timed<Loaded<T>>
  const { seq, historyId, values } = result
  if (values.length < indexes.length) throw new Error('a load gave fewer values than asked for')
  const parts = values.map((value): Found<T> => {
    const held: Held<T> = { kind, seq, ...value, upTo: seq, knownAt: began }
    return { held, source: 'origin' }
  })
  // Under the history that the load saw: a restore may lie between it and the watermarks (H1).
  const prefix = log.keyPrefix(historyId)
  if (!isUncached)
    log.cache.store(parts.map(({ held }, at) => [prefix + names[indexes[at] ?? 0], held]))
  return { historyId, seq, parts }
}
