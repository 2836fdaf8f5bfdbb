import type { Json } from '../json.ts'
import type { Exported } from './exported.ts'

/**
 * A format that can be written piece by piece, each by another process: all that one has to hand on to
 * the next is JSON. Pieces joined are what the format's own writer makes of all records at once.
 */
export type Pieces = {
  /** What is known before the first record is looked at; `null`: none needs to be, `known` stays so. */
  readonly unseen: Json
  /** What is known after a look at more records. All of them are looked at before any is written. */
  readonly look: (known: Json, records: readonly Exported[]) => Json
  /** What stands before the first record. */
  readonly open: (known: Json) => string
  readonly write: (known: Json, records: readonly Exported[]) => string
  /** What stands behind the last. */
  readonly close: string
}
