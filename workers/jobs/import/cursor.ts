import { z } from 'zod'

export const importJobParams = z.object({
  format: z.enum(['ndjson', 'csv', 'graphml', 'stix']),
  /** The query of the request: what it says of the file. */
  query: z.string(),
  /** Name of the uploaded file among the job's, and its length. */
  upload: z.string(),
  bytes: z.int(),
})
export type ImportJobParams = z.infer<typeof importJobParams>

const part = z.object({ name: z.string(), bytes: z.int() })

/** A refused row as reports show it. */
const refusedRow = z.object({
  line: z.int(),
  code: z.string(),
  message: z.string(),
  errors: z.array(z.object({ pointer: z.string(), message: z.string() })).optional(),
})
export type RefusedRow = z.infer<typeof refusedRow>

/** What has been done, in every phase. */
const common = {
  rows: z.int(),
  created: z.int(),
  updated: z.int(),
  unchanged: z.int(),
  refused: z.int(),
  /** The first refused rows. */
  errors: z.array(refusedRow),
  /** The file of all refused rows. */
  refusedParts: z.array(part),
  warnings: z.array(z.string()),
  /** Where the graph's log was at the last write; `null`: nothing was written. */
  bookmark: z.string().nullable(),
  /**
   * A character for each chunk that was read: whether it has a file of entities (`e`), of relationships
   * (`r`), of both (`b`) or none (`-`).
   */
  chunks: z.string(),
}

/** Phases of an import, each in chunks; the next begins when all chunks of one are done. */
export const importCursor = z.discriminatedUnion('phase', [
  /** Rows are read from the upload, and sorted into files of entities and of relationships. */
  z.object({
    ...common,
    phase: z.literal('read'),
    /** The place in an NDJSON file that is read next. */
    offset: z.int(),
    line: z.int(),
    /** Whether the columns of a CSV file are in the file `work/plan`. */
    isPlanned: z.boolean(),
  }),
  z.object({
    ...common,
    phase: z.enum(['entity', 'relationship']),
    /** Next chunk. */
    chunk: z.int(),
    /** Rows that were written or refused. */
    done: z.int(),
  }),
  /** All that is left to do is to remove what was in between. */
  z.object({ ...common, phase: z.literal('clean') }),
])
export type ImportCursor = z.infer<typeof importCursor>
export type Reading = Extract<ImportCursor, { phase: 'read' }>
export type Writing = Extract<ImportCursor, { phase: 'entity' | 'relationship' }>

export const FIRST_CURSOR: Reading = {
  phase: 'read',
  ...{ rows: 0, created: 0, updated: 0, unchanged: 0, refused: 0 },
  ...{ errors: [], refusedParts: [], warnings: [], bookmark: null, chunks: '' },
  ...{ offset: 0, line: 1, isPlanned: false },
}

/** Bounds of a chunk: what is in memory at once, and written to the graph in one step. */
export type ImportLimits = { readonly chunkRows: number; readonly chunkCharacters: number }

/** Files that a job needs only until its end. */
export const WORK = 'work/'
export const PLAN = `${WORK}plan`

export function chunkFile(kind: 'entity' | 'relationship', chunk: number): string {
  return `${WORK}${kind}-${chunk}`
}

/** Refused rows that the job itself shows. */
const MAX_SHOWN = 20

type Common = Pick<ImportCursor, 'errors' | 'refused' | 'refusedParts'>

/** The same with more refused rows, whose file, if there are any, is `parts`. */
export function withRefused(
  cursor: Common,
  rows: readonly RefusedRow[],
  parts: readonly { readonly name: string; readonly bytes: number }[],
): Common {
  return {
    refused: cursor.refused + rows.length,
    errors: [...cursor.errors, ...rows].slice(0, MAX_SHOWN),
    refusedParts: [...cursor.refusedParts, ...parts],
  }
}
