import type { Checkpoint, LogPage } from '../db/queries/checkpoints.ts'
import { beginSeed, type SeedPlace } from '../db/queries/seeds.ts'

/** What is to be done with a page of a graph's log. */
export type Plan =
  | ({ readonly do: 'begin' } & Beginning)
  /**
   * What was read counts for nothing: the graph has another history now (H1), or what was not read is no
   * longer kept, and the consumer can begin with a seed.
   */
  | ({ readonly do: 'restart'; readonly from: Checkpoint } & Beginning)
  /** The last attempt failed, and the next is not due. */
  | { readonly do: 'wait' }
  | { readonly do: 'rest'; readonly seq: number }
  | { readonly do: 'take'; readonly from: Checkpoint }
  /** The records that the graph held before its log begins come first. */
  | { readonly do: 'seed'; readonly from: Checkpoint; readonly seed: SeedPlace }
  /** Events are missing. Never skipped in silence. */
  | { readonly do: 'stop'; readonly from: Checkpoint; readonly reason: string }

/**
 * `seq` stays 0 until a seed is taken as a whole: so the consumer counts as behind, and retention
 * waits for it as for one that has not read.
 */
type Beginning = {
  readonly historyId: string
  readonly seq: number
  readonly seed: SeedPlace | null
}

/** Decides from one snapshot of the log alone. `isSeeded`: the consumer takes seeds. */
export function planPage(page: LogPage, isSeeded: boolean): Plan {
  const { checkpoint, historyId, floorSeq, head, rows } = page
  const beginning: Beginning =
    isSeeded && floorSeq > 0
      ? { historyId, seq: 0, seed: beginSeed(floorSeq) }
      : { historyId, seq: floorSeq, seed: null }
  if (!checkpoint) return { do: 'begin', ...beginning }
  if (checkpoint.historyId !== historyId || isOvertaken(checkpoint, floorSeq, isSeeded)) {
    return { do: 'restart', from: checkpoint, ...beginning }
  }
  const waitMs = checkpoint.notBefore ? Date.parse(checkpoint.notBefore) - Date.parse(page.now) : 0
  if (waitMs > 0) return { do: 'wait' }
  if (checkpoint.seed) return { do: 'seed', from: checkpoint, seed: checkpoint.seed }
  if (checkpoint.seq >= head) return { do: 'rest', seq: checkpoint.seq }
  const gap = firstGap(checkpoint.seq, rows)
  if (gap !== null) {
    const reason = `event ${gap} is not there; the log is kept from seq ${floorSeq + 1} on`
    return { do: 'stop', from: checkpoint, reason }
  }
  return { do: 'take', from: checkpoint }
}

/**
 * Whether what is to come next is no longer kept. Retention waits for whoever reads live; this is for a
 * consumer that was taken away for a time, and for seeds of a consumer that takes none any more.
 */
function isOvertaken({ seq, seed }: Checkpoint, floorSeq: number, isSeeded: boolean): boolean {
  return seed ? !isSeeded || seed.seq !== floorSeq : isSeeded && seq < floorSeq
}

/** The first seq that is missing right after `seq`, though the log goes on. */
export function firstGap(
  seq: number,
  rows: readonly { readonly [name: string]: unknown }[],
): number | null {
  for (const [i, row] of rows.entries()) {
    if (row.seq !== seq + 1 + i) return seq + 1 + i
  }
  return rows.length === 0 ? seq + 1 : null
}
