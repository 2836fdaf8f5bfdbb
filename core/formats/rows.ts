import { AppError } from '../errors.ts'

/** Text of a file in pieces of any size, cut anywhere, also inside a character. */
export type Chunks =
  | AsyncIterable<string | Uint8Array<ArrayBufferLike>>
  | Iterable<string | Uint8Array<ArrayBufferLike>>

/** What a file says of one record, in the form of a line of an NDJSON import; not validated yet. */
export type Row = {
  /** Counted from 1: where the record begins in the file. */
  readonly line: number
  readonly value: unknown
  /** What the file calls the record, where a line alone does not tell. */
  readonly label?: string
}

/** A record of the file that cannot be read; the others can. */
export type BadRow = { readonly line: number; readonly error: AppError }

export type ReadRow = Row | BadRow

/** Most characters of one record in any format; a row is sent in a request of at most 10 MB. */
export const MAX_RECORD_CHARACTERS = 8 * 1024 * 1024

/** A file that cannot be read on from here. */
export function brokenAt(line: number, message: string): AppError {
  return new AppError('malformed_request', `line ${line}: ${message}`)
}

export function badRow(line: number, message: string): BadRow {
  return { line, error: new AppError('malformed_request', message) }
}
