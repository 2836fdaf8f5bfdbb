import { AppError } from '../errors.ts'
import { boundMs } from '../log/consistency.ts'
import { isWithin } from './age.ts'
import type { Found } from './cache.ts'
import type { Held } from './entry.ts'
import { answer, commonSeq, revalidate } from './held.ts'
import { loadAndStore } from './load-and-store.ts'
import type { Freshness, LogReader, ReadAnswer, ReadRequest, Spent, Wanted } from './log-reader.ts'
import type { AskLog, Known } from './log-view.ts'
import { refresh } from './refresh.ts'
import { checkBookmark, readWithoutLog, staleAnswer } from './without-log.ts'

/** Rounds of finding, loading and checking; in the last one everything is loaded in one snapshot. */
const MAX_ROUNDS = 3

/** Share of the bound after which watermarks are asked for ahead of need. */
const REFRESH_SHARE = 0.5

/** Reads values of a log at the consistency asked for. The rules are those of docs/consistency.md. */
export async function read<T>(log: LogReader, request: ReadRequest<T>): Promise<ReadAnswer<T>> {
  try {
    const known = enough(log, request) ?? (await timed(log, 'logMs', asked(log, request)))
    if (known === null) return await readWithoutLog(log, request)
    const atOnce = fromMemory<T>(log, request, known)
    if (atOnce) return atOnce
    return (await rounds(log, request, known)) ?? (await readWithoutLog(log, request))
  } catch (error) {
    const stale = staleAnswer(log, request, error)
    if (stale) return stale
    throw error
  }
}

/** The same where nothing has to be waited for; `null`: something has. */
export function readAtOnce<T>(log: LogReader, wanted: Wanted): ReadAnswer<T> | null {
  const known = enough(log, wanted)
  return known && fromMemory(log, wanted, known)
}

/** Watermarks that the level allows to rely on; `null`: the log's object has to be asked. */
export function enough(log: LogReader, request: Freshness): Known | null {
  const { consistency, bookmark, arrivedAt } = request
  const { known } = log.view
  if (consistency.level === 'strong' || known === null) return null
  const reaches =
    bookmark === null || (known.historyId === bookmark.historyId && known.copy.head >= bookmark.seq)
  const bound = boundMs(consistency)
  const age = { knownAt: known.askedAt, arrivedAt, now: log.now() }
  if (!reaches || !isWithin(bound, age)) return null
  const isDue = !isWithin(bound * REFRESH_SHARE, age)
  if (isDue && !log.view.isAsking) log.waiting.waitUntil(asked(log, request))
  return known
}

/**
 * Watermarks that the level allows to rely on; `null`: the log's object is away, and the level can do
 * without it.
 */
export async function sufficient(log: LogReader, request: Freshness): Promise<Known | null> {
  return enough(log, request) ?? timed(log, 'logMs', asked(log, request))
}

/** The log's object is asked what the caller has to know; `null`: see `askLog`. */
function asked(log: LogReader, request: Freshness): Promise<Known | null> {
  return askLog(log, request, request.bookmark?.seq ?? 0)
}

async function timed<T>(
  { spent, now }: LogReader,
  part: keyof Spent,
  work: Promise<T>,
): Promise<T> {
  const began = now()
  try {
    return await work
  } finally {
    if (spent) spent[part] = (spent[part] ?? 0) + Math.max(0, now() - began)
  }
}

/** The answer if memory has every part, and all of them are current at what is known of the log. */
function fromMemory<T>(log: LogReader, request: Wanted, known: Known): ReadAnswer<T> | null {
  if (request.isUncached) return null
  const { historyId, copy } = known
  checkBookmark(request, historyId, copy.head)
  const prefix = log.keyPrefix(historyId)
  const now = log.now()
  const found: Found<T>[] = []
  for (const name of request.names) {
    const held = log.cache.peek<T>(prefix + name)
    if (held === null || held.seq > copy.head) return null
    revalidate(held, known, now)
    if (held.upTo < copy.head) return null
    found.push({ held, source: 'memory' })
  }
  for (const { held } of found) log.cache.used(held)
  return answer(request, found, { historyId, told: copy.head })
}

/** What the log's object knows now, at least `atLeast` unless the log does not reach there. */
export function askOf(log: LogReader, atLeast: number): Promise<Known> {
  const { view, after, now, waiting } = log
  const ask: AskLog = (since, least) => log.ask(since, least)
  return view.ask(ask, { after, atLeast }, { now, ...waiting })
}

/**
 * Asks the log's object. `null`: it is away and the level can do without it (R7). A strong read cannot,
 * and never silently falls to the tables (R6).
 */
export async function askLog(
  log: LogReader,
  { consistency }: Freshness,
  atLeast: number,
): Promise<Known | null> {
  try {
    return await askOf(log, atLeast)
  } catch (cause) {
    if (consistency.level !== 'strong') return null
    if (cause instanceof AppError && cause.code === 'not_found') throw cause
    throw new AppError('unavailable', 'the log of this graph does not answer: read less strongly', {
      retryAfterSeconds: 1,
      cause,
    })
  }
}

/** `null`: the log's object went away. */
async function rounds<T>(
  log: LogReader,
  request: ReadRequest<T>,
  first: Known,
): Promise<ReadAnswer<T> | null> {
  const isStrong = request.consistency.level === 'strong'
  let known: Known | null = first
  let floor = floorOf(request, first)
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const { historyId } = known
    const loading: Promise<Found<T>[] | null> = findOrLoad(log, request, known, { floor, round })
    const found = await timed(log, 'loadMs', loading)
    const { seq, upTo } = commonSeq(found ?? [])
    // R2 and R1: the log's object must know what this answer says, and every part be current there.
    const mustReport = found !== null && known.copy.head < seq && (isStrong || upTo < seq)
    if (found === null || mustReport) {
      known = await timed(log, 'logMs', askLog(log, request, found === null ? 0 : seq))
    }
    if (known === null) return null
    if (known.historyId !== historyId) floor = floorOf(request, known)
    else if (found && isGoodAnswer(log, request, found, { known, floor })) {
      return answer(request, found, { historyId, told: known.copy.head })
    }
  }
  throw new AppError('unavailable', 'others keep changing what was asked for; try again', {
    retryAfterSeconds: 1,
  })
}

/** The seq below which no part may end: what the caller has seen and, for a strong read, the head. */
function floorOf<T>(request: ReadRequest<T>, { historyId, copy }: Known): number {
  checkBookmark(request, historyId, copy.head)
  const { bookmark, consistency } = request
  return Math.max(bookmark?.seq ?? 0, consistency.level === 'strong' ? copy.head : 0)
}

/** Whether all parts hold at one seq (R1), not below `floor`, and are not too old. */
function isGoodAnswer<T>(
  log: LogReader,
  request: ReadRequest<T>,
  found: readonly Found<T>[],
  { known, floor }: { readonly known: Known; readonly floor: number },
): boolean {
  for (const { held } of found) revalidate(held, known, log.now())
  const { seq, upTo } = commonSeq(found)
  if (upTo < seq || upTo < floor) return false
  // A load that was joined may have begun long before.
  return found.every(({ held }) => held.upTo >= known.copy.head || isYoung(log, request, held))
}

function isYoung<T>(log: LogReader, request: ReadRequest<T>, { knownAt }: Held<T>): boolean {
  const { consistency, arrivedAt } = request
  if (consistency.level === 'strong') return true
  return isWithin(boundMs(consistency), { knownAt, arrivedAt, now: log.now() })
}

/** `null`: what was loaded is of another history than `known`. */
async function findOrLoad<T>(
  log: LogReader,
  request: ReadRequest<T>,
  known: Known,
  { floor, round }: { readonly floor: number; readonly round: number },
): Promise<Found<T>[] | null> {
  const { names, consistency } = request
  const keys = names.map((name) => log.keyPrefix(known.historyId) + name)
  const isGood = (held: Held<T>): boolean => {
    revalidate(held, known, log.now())
    if (held.upTo >= known.copy.head) return true
    // Not current any more, but it was within the bound: one that may be old need not wait.
    const mayBeOld = consistency.level === 'bounded' && round === 1
    return mayBeOld && held.upTo >= floor && isYoung(log, request, held)
  }
  const mayFind = round < MAX_ROUNDS && !request.isUncached
  const found = mayFind
    ? await log.cache.find<T>(keys, isGood, request.kind)
    : names.map(() => null)
  const missing = found.flatMap((each, i) => (each === null ? [i] : []))
  const outdated = found.flatMap((each, i) =>
    each !== null && each.held.upTo < known.copy.head ? [i] : [],
  )
  if (outdated.length > 0) {
    log.waiting.waitUntil(refresh(log, request, outdated, known))
  }
  if (missing.length > 0) {
    const { historyId, parts } = await loadAndStore(log, request, missing)
    if (historyId !== known.historyId) return null
    for (const [at, i] of missing.entries()) found[i] = parts[at] ?? null
  }
  return found.filter((each) => each !== null)
}

/**
 * Begins to ask for the watermarks that a read will need, if it is likely to need any: so that logs
 * that one request reads are asked in parallel.
 */
export function prefetch(log: LogReader, freshness: Freshness): void {
  // A failure shows when the read itself asks.
  if (enough(log, freshness) === null)
    log.waiting.waitUntil(asked(log, freshness).catch(() => null))
}
