import type { Checkpoint, LogPage } from '../db/queries/checkpoints.ts'

/** What is to be done with a page of a graph's log. */
export type Plan =
  | { readonly do: 'begin'; readonly historyId: string; readonly seq: number }
  /** The graph has another history now: what was read of the old one counts for nothing (H1). */
  | {
      readonly do: 'restart'
      readonly from: Checkpoint
      readonly historyId: string
      readonly seq: number
    }
  /** The last attempt failed, and the next is not due. */
  | { readonly do: 'wait' }
  | { readonly do: 'rest'; readonly seq: number }
  | { readonly do: 'take'; readonly from: Checkpoint }
  /** Events are missing. Never skipped in silence. */
  | { readonly do: 'stop'; readonly from: Checkpoint; readonly reason: string }

/** Decides from one snapshot of the log alone. */
export function planPage(page: LogPage): Plan {
  const { checkpoint, historyId, floorSeq, head, rows } = page
  if (!checkpoint) return { do: 'begin', historyId, seq: floorSeq }
  if (checkpoint.historyId !== historyId) {
    return { do: 'restart', from: checkpoint, historyId, seq: floorSeq }
  }
  const waitMs = checkpoint.notBefore ? Date.parse(checkpoint.notBefore) - Date.parse(page.now) : 0
  if (waitMs > 0) return { do: 'wait' }
  if (checkpoint.seq >= head) return { do: 'rest', seq: checkpoint.seq }
  const gap = firstGap(checkpoint.seq, rows)
  if (gap !== null) {
    const reason = `event ${gap} is not there; the log is kept from seq ${floorSeq + 1} on`
    return { do: 'stop', from: checkpoint, reason }
  }
  return { do: 'take', from: checkpoint }
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
