import type { CommitAnswer, GraphRequest } from '../../../../core/log/requests.ts'
import type { GraphContents } from '../../../harness/graph-log/contents.ts'

/** What became of a call; `evicted`: the object went away with the call, whatever it had done. */
export type Told = CommitAnswer | { readonly status: 'evicted' }

/** One call of one writer. Every call and every answer has a time of its own on a common clock. */
export type Attempt = {
  readonly request: GraphRequest
  readonly instance: number
  readonly askedAt: number
  readonly toldAt: number
  readonly told: Told
  /** The head that the instance knew when it answered; `null` when it knew none. */
  readonly knownHead: number | null
}

/** A whole history: every call in order of its answer, and what the database holds in the end. */
export type Observed = {
  readonly attempts: readonly Attempt[]
  readonly contents: GraphContents
}

/** Nobody knows whether this was committed, or will be. */
export function isUnknown({ told }: Attempt): boolean {
  return told.status === 'evicted' || told.status === 'outcome_unknown'
}

/**
 * Whether it is known what became of a commit id: it was committed, or the log judged it after the
 * last call that may have done something unseen.
 */
export function isSettled(attempts: readonly Attempt[]): boolean {
  if (attempts.some(({ told }) => told.status === 'committed')) return true
  const lastUnknown = Math.max(...attempts.filter(isUnknown).map(({ toldAt }) => toldAt))
  if (lastUnknown === -Infinity) return true
  return attempts.some(
    ({ askedAt, told }) =>
      askedAt > lastUnknown && (told.status === 'refused' || told.status === 'schema_moved'),
  )
}
