import { AppError } from '../errors.ts'
import { boundMs, type Consistency } from '../log/consistency.ts'
import type { Cache, Found, Source } from './cache.ts'
import type { Held } from './entry.ts'
import type { CacheKind } from './kinds.ts'
import type { AskLog, Known, LogView } from './log-view.ts'
import type { SingleFlight, Waiting } from './single-flight.ts'

/** Values of some keys as one statement or snapshot gave them (R3), in the order asked for. */
export type Loaded<T> = {
  readonly historyId: string
  readonly seq: number
  readonly values: readonly LoadedValue<T>[]
}

export type LoadedValue<T> = {
  readonly value: T
  readonly tags: readonly string[]
  readonly bytes: number
}

/** A load and the time before it began. */
export type Timed<T> = { readonly began: number; readonly result: T }

/** A log as one request reads it. */
export type LogReader = {
  readonly view: LogView
  /** `view.calls` when the request arrived: what was asked before tells a strong read nothing (R4). */
  readonly after: number
  readonly ask: AskLog
  readonly cache: Cache
  /** Loads of this log that are under way. */
  readonly flights: SingleFlight<Timed<Loaded<unknown>>>
  /** Prefix of every cache key of one history of the log; contains tenant and format (H1). */
  readonly keyPrefix: (historyId: string) => string
  readonly now: () => number
  readonly waiting: Waiting
}

/** How fresh an answer has to be, and what counts for it. */
export type Freshness = {
  readonly consistency: Consistency
  /** What the caller has seen of this log. */
  readonly bookmark: { readonly historyId: string; readonly seq: number } | null
  /** When the request arrived: ages count to then (R8). */
  readonly arrivedAt: number
}

export type ReadRequest<T> = Freshness & {
  readonly kind: CacheKind
  /** Read anew each time, and not kept: what is too large, or never asked for twice. */
  readonly isUncached?: boolean
  /** Names of the values, unique in the log and stable. */
  readonly names: readonly string[]
  readonly load: (indexes: readonly number[]) => Promise<Loaded<T>>
}

export type ReadAnswer<T> = {
  readonly values: readonly T[]
  readonly historyId: string
  /** The answer is the log's state at this seq (R1). */
  readonly seq: number
  /** What the caller has seen now (R5). */
  readonly seen: number
  /** The farthest that a value came from. */
  readonly source: Source
  /** At most so old when the request arrived. */
  readonly ageMs: number
  /** Older than asked for, since nothing fresher could be had. */
  readonly isStale: boolean
}

/** Rounds of finding, loading and checking; in the last one everything is loaded in one snapshot. */
const MAX_ROUNDS = 3

/** Share of the bound after which watermarks are asked for ahead of need. */
const REFRESH_SHARE = 0.5

/** Reads values of a log at the consistency asked for. The rules are those of docs/consistency.md. */
export async function read<T>(log: LogReader, request: ReadRequest<T>): Promise<ReadAnswer<T>> {
  const { consistency, bookmark } = request
  const isStrong = consistency.level === 'strong'
  const known = await sufficient(log, request)
  if (known === null) return withoutLog(log, request)
  checkBookmark(request, known.historyId, known.copy.head)
  return rounds(log, request, known, Math.max(bookmark?.seq ?? 0, isStrong ? known.copy.head : 0))
}

/**
 * Watermarks that the level allows to rely on; `null`: the log's object is away, and the level can do
 * without it.
 */
async function sufficient(log: LogReader, request: Freshness): Promise<Known | null> {
  const { view, after, ask, now, waiting } = log
  const { consistency, bookmark, arrivedAt } = request
  const atLeast = bookmark?.seq ?? 0
  const call = () => view.ask(ask, { after, atLeast }, { now, ...waiting })
  if (consistency.level === 'strong') {
    return call().catch((cause) => {
      throw logAway(cause)
    })
  }
  const { known } = view
  const ageMs = known ? arrivedAt - known.askedAt : Number.POSITIVE_INFINITY
  const bound = boundMs(consistency)
  const reaches =
    bookmark === null ||
    (known?.historyId === bookmark.historyId && known.copy.head >= bookmark.seq)
  // A clock that went back proves nothing (R8).
  if (known && reaches && ageMs >= 0 && ageMs <= bound) {
    if (ageMs > bound * REFRESH_SHARE) waiting.waitUntil(call().catch(() => undefined))
    return known
  }
  return call().catch(() => null)
}

/** Strong reads without the log's object (R6): never a silent fall to the tables. */
function logAway(cause: unknown): AppError {
  if (cause instanceof AppError && cause.code === 'not_found') return cause
  return new AppError('unavailable', 'the log of this graph does not answer: read less strongly', {
    retryAfterSeconds: 1,
    cause,
  })
}

function checkBookmark<T>(request: ReadRequest<T>, historyId: string, head: number): void {
  const { bookmark } = request
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

async function rounds<T>(
  log: LogReader,
  request: ReadRequest<T>,
  first: Known,
  floor: number,
): Promise<ReadAnswer<T>> {
  const isStrong = request.consistency.level === 'strong'
  let known = first
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const found = await findOrLoad(log, request, known, { floor, round })
    if (found === 'other history') {
      known = await askAgain(log, 0)
      continue
    }
    const seq = Math.max(...found.map(({ held }) => held.seq))
    const isApart = found.some(({ held }) => held.upTo < seq)
    // R2 and R1: the log's object must know what this answer says, and every part be current there.
    if (known.copy.head < seq && (isStrong || isApart)) known = await askAgain(log, seq)
    for (const { held } of found) revalidate(held, known)
    const upTo = Math.min(...found.map(({ held }) => held.upTo))
    if (upTo < seq || upTo < floor || isTooOld(request, found)) continue
    return answer(request, found, { historyId: known.historyId, seq, told: known.copy.head })
  }
  throw new AppError('unavailable', 'others keep changing what was asked for; try again', {
    retryAfterSeconds: 1,
  })
}

/** A load that was joined may have begun long before, and not be current any more. */
function isTooOld<T>(
  { consistency, arrivedAt }: ReadRequest<T>,
  found: readonly Found<T>[],
): boolean {
  if (consistency.level === 'strong') return false
  const oldestAllowed = arrivedAt - boundMs(consistency)
  return found.some(({ held }) => held.knownAt < oldestAllowed)
}

async function askAgain(log: LogReader, atLeast: number): Promise<Known> {
  const { view, ask, now, waiting } = log
  try {
    return await view.ask(ask, { after: view.calls, atLeast }, { now, ...waiting })
  } catch (cause) {
    throw logAway(cause)
  }
}

type Round = { readonly floor: number; readonly round: number }

async function findOrLoad<T>(
  log: LogReader,
  request: ReadRequest<T>,
  known: Known,
  { floor, round }: Round,
): Promise<Found<T>[] | 'other history'> {
  const { names, consistency, arrivedAt } = request
  const keys = names.map((name) => log.keyPrefix(known.historyId) + name)
  const oldestAllowed = arrivedAt - boundMs(consistency)
  const isGood = (held: Held<T>): boolean => {
    revalidate(held, known)
    if (held.upTo >= known.copy.head) return true
    // Not current any more, but it was within the bound: one that may be old need not wait.
    const isYoung = consistency.level === 'bounded' && held.knownAt >= oldestAllowed
    return round === 1 && isYoung && held.upTo >= floor
  }
  const mayFind = round < MAX_ROUNDS && !request.isUncached
  const found = mayFind ? await log.cache.find<T>(keys, isGood) : names.map(() => null)
  const missing = found.flatMap((each, i) => (each === null ? [i] : []))
  const outdated = found.flatMap((each, i) =>
    each !== null && each.held.upTo < known.copy.head ? [i] : [],
  )
  if (outdated.length > 0) {
    const refreshing = loadAndStore(log, request, outdated)
    log.waiting.waitUntil(refreshing.catch(() => undefined))
  }
  if (missing.length > 0) {
    const { historyId, loaded } = await loadAndStore(log, request, missing)
    if (historyId !== known.historyId) return 'other history'
    for (const [at, i] of missing.entries()) {
      const held = loaded[at]
      if (held) found[i] = { held, source: 'origin' }
    }
  }
  return found.filter((each) => each !== null)
}

/** Loads values in one snapshot, together with whoever asks for the same ones, and keeps them. */
async function loadAndStore<T>(
  log: LogReader,
  { kind, names, load, isUncached }: ReadRequest<T>,
  indexes: readonly number[],
): Promise<{ readonly historyId: string; readonly loaded: readonly Held<T>[] }> {
  const flight = JSON.stringify([kind, indexes.map((i) => names[i])])
  const work = async () => ({ began: log.now(), result: await load(indexes) })
  const { began, result } = (await log.flights.run(flight, work, log.waiting)) as Timed<Loaded<T>>
  const { seq, historyId, values } = result
  if (values.length < indexes.length) throw new Error('a load gave fewer values than asked for')
  const loaded = values.map(
    (value): Held<T> => ({ kind, seq, ...value, upTo: seq, knownAt: began }),
  )
  // Under the history that the load saw: a restore may lie between it and the watermarks (H1).
  const prefix = log.keyPrefix(historyId)
  const entries = loaded.map((held, at): [string, Held<T>] => [
    prefix + names[indexes[at] ?? 0],
    held,
  ])
  if (!isUncached) log.cache.store(entries)
  return { historyId, loaded }
}

/** Moves the end of the stretch over which a value holds, if nothing it depends on was touched. */
function revalidate(held: Held<unknown>, { copy, askedAt }: Known): void {
  if (copy.lastTouched(held.tags) > held.seq) return
  held.upTo = Math.max(held.upTo, copy.head)
  held.knownAt = Math.max(held.knownAt, askedAt)
}

function answer<T>(
  { consistency, bookmark, arrivedAt }: ReadRequest<T>,
  found: readonly Found<T>[],
  { historyId, seq, told }: { historyId: string; seq: number; told: number },
): ReadAnswer<T> {
  const seen = Math.max(bookmark?.seq ?? 0, seq, consistency.level === 'strong' ? told : 0)
  return {
    values: found.map(({ held }) => held.value),
    historyId,
    seq,
    seen,
    source: farthest(found),
    ageMs: Math.max(0, arrivedAt - Math.min(...found.map(({ held }) => held.knownAt))),
    isStale: false,
  }
}

const DISTANCE: Readonly<Record<Source, number>> = { memory: 0, edge: 1, redis: 2, origin: 3 }

function farthest(found: readonly Found<unknown>[]): Source {
  let result: Source = 'memory'
  for (const { source } of found) if (DISTANCE[source] > DISTANCE[result]) result = source
  return result
}

/**
 * Begins to ask for the watermarks that a read will need, if it is likely to need any: so that logs
 * that one request reads are asked in parallel.
 */
export function prefetch(log: LogReader, freshness: Freshness): void {
  // A failure shows when the read itself asks.
  log.waiting.waitUntil(sufficient(log, freshness).catch(() => null))
}

/** The log's object is away: the primary's snapshot says what is and how far the log is (R7). */
async function withoutLog<T>(log: LogReader, request: ReadRequest<T>): Promise<ReadAnswer<T>> {
  const { kind, names } = request
  const began = log.now()
  try {
    const loaded = await request.load(names.map((_name, i) => i))
    checkBookmark(request, loaded.historyId, loaded.seq)
    const found = loaded.values.map((value): Found<T> => {
      const held = { kind, seq: loaded.seq, ...value, upTo: loaded.seq, knownAt: began }
      return { held, source: 'origin' }
    })
    return answer(request, found, { historyId: loaded.historyId, seq: loaded.seq, told: 0 })
  } catch (error) {
    const stale = staleAnswer(log, request)
    if (stale && error instanceof AppError && error.code === 'unavailable') return stale
    throw error
  }
}

/** What memory has, if it is of one seq and the caller allowed for its age. */
function staleAnswer<T>(log: LogReader, request: ReadRequest<T>): ReadAnswer<T> | null {
  const { consistency, bookmark, names } = request
  const { known } = log.view
  if (consistency.level !== 'bounded' || known === null) return null
  if (bookmark && bookmark.historyId !== known.historyId) return null
  const prefix = log.keyPrefix(known.historyId)
  const found = names.flatMap((name): Found<T>[] => {
    const held = log.cache.peek<T>(prefix + name)
    return held ? [{ held, source: 'memory' }] : []
  })
  if (found.length < names.length) return null
  const seq = Math.max(...found.map(({ held }) => held.seq))
  const upTo = Math.min(...found.map(({ held }) => held.upTo))
  if (upTo < seq || upTo < (bookmark?.seq ?? 0)) return null
  const result = answer(request, found, { historyId: known.historyId, seq, told: 0 })
  const allowedMs = consistency.boundMs + consistency.staleIfErrorMs
  return result.ageMs <= allowedMs
    ? { ...result, isStale: result.ageMs > consistency.boundMs }
    : null
}
