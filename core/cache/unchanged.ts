import { type Etag, encodeEtag, isOfHistory } from '../log/etag.ts'
import type { Freshness, LogReader, ReadAnswer } from './log-reader.ts'
import type { Known } from './log-view.ts'
import { sufficient } from './read.ts'
import { checkBookmark } from './without-log.ts'

export type Holding = {
  /** What the caller has. */
  readonly etags: readonly Etag[]
  /** Everything that the read would look at: only a read that knows it beforehand can be spared. */
  readonly tags: readonly string[]
  /** Whether the tags of this read are versions, so that one above the last change was never given. */
  readonly isVersion: boolean
}

/** What an answer tells beside its value, which the caller has. */
export type Unchanged = Omit<ReadAnswer<never>, 'values'> & { readonly etag: string }

/**
 * Whether the caller has what a read would give, as far as the watermarks that its level relies on can
 * tell: without looking for the value anywhere. `null`: they cannot, and the read has to be done.
 */
export async function unchanged(
  log: LogReader,
  freshness: Freshness,
  { etags, tags, isVersion }: Holding,
): Promise<Unchanged | null> {
  const known = await sufficient(log, freshness)
  if (known === null) return null
  const { historyId, copy, askedAt } = known
  const last = copy.lastTouched(tags)
  const isGood = ({ seq, history }: Etag): boolean =>
    isOfHistory(history, historyId) &&
    // A seq ahead of what is known here, another isolate gave: only a load can tell (R2).
    (isVersion ? seq === last : seq >= last && seq <= copy.head)
  const good = etags.find(isGood)
  if (good === undefined) return null
  checkBookmark(freshness, historyId, copy.head)
  return told(freshness, { historyId, head: copy.head, askedAt, seq: good.seq })
}

function told(
  { consistency, bookmark, arrivedAt }: Freshness,
  {
    historyId,
    head,
    askedAt,
    seq,
  }: Pick<Known, 'historyId' | 'askedAt'> & { readonly head: number; readonly seq: number },
): Unchanged {
  return {
    etag: encodeEtag(seq, historyId),
    historyId,
    seq,
    seen: Math.max(bookmark?.seq ?? 0, seq, consistency.level === 'strong' ? head : 0),
    source: 'memory',
    ageMs: Math.max(0, arrivedAt - askedAt),
    isStale: false,
  }
}
