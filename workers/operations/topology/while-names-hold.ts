import type { Freshness, LogReader } from '../../../core/cache/log-reader.ts'
import { askLog } from '../../../core/cache/read.ts'
import { AppError, isAppError } from '../../../core/errors.ts'

/** Answers asked for while others keep giving the names to other entities. */
const MAX_ROUNDS = 4

type At = { readonly historyId: string; readonly seq: number }

/** What names stood for at a seq. */
export type NamesAt = At & { readonly ids: readonly string[] }

export type AnswerAt = { readonly at: At }

export type Named<T extends AnswerAt> = {
  readonly log: LogReader
  readonly freshness: Freshness
  /** What a change of the names touches. */
  readonly tags: readonly string[]
  /** `isAnew`: at the head of the log, and from no cache. Throws `not_found` when one names nothing. */
  readonly lookUp: (isAnew: boolean) => Promise<NamesAt>
  /** Answers at a seq not below `atLeast`. */
  readonly run: (ids: readonly string[], atLeast: number) => Promise<T>
}

/**
 * An answer about what is named, at a seq at which the names stand for just what was asked about (R1):
 * names are looked up at one seq and the answer is of a later one, and in between an entity may have been
 * deleted and its name given to another. Throws `unavailable` when the names keep changing.
 */
export async function whileNamesHold<T extends AnswerAt>(named: Named<T>): Promise<T> {
  let names = await named.lookUp(false)
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const outcome = await outcomeOf(named, names)
    if ('answer' in outcome && (await holds(named, names, outcome.answer.at))) return outcome.answer
    const anew = await named.lookUp(true)
    if ('answer' in outcome) {
      if (isAt(anew, outcome.answer.at) && isSame(names, anew)) return outcome.answer
    } else if (await holds(named, names, anew)) {
      // What is missing is nothing that these names stand for.
      throw outcome.missing
    }
    names = anew
  }
  throw new AppError('unavailable', 'others keep changing what was asked for; try again', {
    retryAfterSeconds: 1,
  })
}

/** `missing`: the error of one that was there when the names were looked up, and is not any more. */
async function outcomeOf<T extends AnswerAt>(
  { run }: Named<T>,
  { ids, seq }: NamesAt,
): Promise<{ readonly answer: T } | { readonly missing: AppError }> {
  try {
    return { answer: await run(ids, seq) }
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return { missing: error }
    throw error
  }
}

/** Whether nothing has touched the names between their seq and that of the answer. */
async function holds(
  { log, freshness, tags }: Pick<Named<never>, 'log' | 'freshness' | 'tags'>,
  names: NamesAt,
  at: At,
): Promise<boolean> {
  if (names.historyId !== at.historyId) return false
  if (names.seq === at.seq) return true
  const reaches = log.view.known?.historyId === at.historyId && log.view.known.copy.head >= at.seq
  const known = reaches ? log.view.known : await askLog(log, freshness, at.seq)
  return (
    known?.historyId === at.historyId &&
    known.copy.head >= at.seq &&
    known.copy.lastTouched(tags) <= names.seq
  )
}

function isAt({ historyId, seq }: At, at: At): boolean {
  return historyId === at.historyId && seq === at.seq
}

function isSame(a: NamesAt, b: NamesAt): boolean {
  return a.ids.every((id, i) => id === b.ids[i])
}
