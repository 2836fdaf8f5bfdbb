import type { LogHead } from '../../core/cache/log-view.ts'
import type { CommitAnswer } from '../../core/log/requests.ts'
import { headSince, type RunnerHead } from './runner.ts'

/** The answer to a write and, where that is worth it, what has changed in the log since. */
export type Committed = { readonly answer: CommitAnswer; readonly head: LogHead | null }

/** Buckets beyond which an answer to a write does not tell what changed: whoever reads asks for it. */
const MAX_TOLD_BUCKETS = 10_000

/**
 * A commit that passed the fence came from the only instance there was then, which knew of all
 * before it: its caller needs no call of his own to learn what changed.
 */
export function committed(
  answer: CommitAnswer,
  head: RunnerHead | null,
  since: number | null,
): Committed {
  const tells = answer.status === 'committed' && !answer.replayed && head !== null && since !== null
  const told = tells ? headSince(head, since) : null
  const isSmall = told !== null && told.watermarks.buckets.length <= MAX_TOLD_BUCKETS
  return { answer, head: isSmall ? told : null }
}
