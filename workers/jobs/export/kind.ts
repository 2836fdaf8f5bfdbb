import { z } from 'zod'
import { csvPieces } from '../../../core/formats/csv/write-csv.ts'
import type { Exported } from '../../../core/formats/exported.ts'
import { graphmlPieces } from '../../../core/formats/graphml/write-graphml.ts'
import { ndjsonPieces } from '../../../core/formats/ndjson.ts'
import type { Pieces } from '../../../core/formats/pieces.ts'
import type { FilePart } from '../../../core/jobs/job.ts'
import type { Json } from '../../../core/json.ts'
import { type JobKind, type JobRun, type JobStep, jobKind } from '../kind.ts'
import { exportChunk, exportStart, FIRST_POSITION, type Position } from './chunk.ts'

/** Bounds of a chunk. */
export type ExportLimits = {
  /** A part has at least as many, but for the last and those of many pages: it is in memory at once. */
  readonly partCharacters: number
  /** Each is a call of the database. */
  readonly maxPages: number
}

const LIMITS: ExportLimits = { partCharacters: 8 * 1024 * 1024, maxPages: 40 }

const params = z.object({
  format: z.enum(['ndjson', 'csv', 'graphml']),
  kinds: z.array(z.enum(['entity', 'relationship'])).min(1),
  metadata: z.boolean(),
  fileName: z.string(),
  contentType: z.string(),
})
export type ExportJobParams = z.infer<typeof params>

const position = z.object({ kind: z.int(), after: z.uuid() })
const part = z.object({ name: z.string(), bytes: z.int() })
const cursor = z.object({
  at: z.object({ seq: z.int(), historyId: z.string() }),
  /** `look`: every record is looked at, for the columns; `write`: and then written. */
  phase: z.enum(['look', 'write']),
  position,
  /** Chunks done in both phases: no two have files of the same name. */
  chunk: z.int(),
  /** Records done in this phase. */
  done: z.int(),
  total: z.int().nullable(),
  /** The file that says what was seen; `null`: nothing yet, or there is nothing to be seen. */
  known: z.string().nullable(),
  parts: z.array(part),
})
type Cursor = z.infer<typeof cursor>
type Step = JobStep<Cursor>

/**
 * A graph as one file, as it is at the seq at which the export begins: the same bytes as an export that
 * is answered at once. In a format that needs to know all columns, records are read twice.
 */
export function exportJobs(limits = LIMITS): JobKind {
  return jobKind({
    kind: 'export',
    permission: 'graph.read',
    params,
    cursor,
    async step(run, params, cursor): Promise<Step> {
      const pieces = piecesOf(params)
      const now = cursor ?? (await firstCursor(run, pieces))
      const work: Work = { run, params, pieces, limits }
      return now.phase === 'look' ? look(work, now) : write(work, now)
    },
  })
}

/** What every chunk of one export is made with. */
type Work = {
  readonly run: JobRun
  readonly params: ExportJobParams
  readonly pieces: Pieces
  readonly limits: ExportLimits
}

function piecesOf({ format, kinds, metadata }: ExportJobParams): Pieces {
  switch (format) {
    case 'ndjson':
      return ndjsonPieces
    case 'csv':
      return csvPieces(kinds[0] ?? 'entity', { metadata })
    case 'graphml':
      return graphmlPieces
  }
}

async function firstCursor({ context }: JobRun, { unseen }: Pieces): Promise<Cursor> {
  return {
    at: await exportStart(context, null),
    phase: unseen === null ? 'write' : 'look',
    position: FIRST_POSITION,
    ...{ chunk: 0, done: 0, total: null, known: null, parts: [] },
  }
}

async function look(work: Work, cursor: Cursor): Promise<Step> {
  const { run, pieces } = work
  let known = await knownAt(work, cursor)
  let { done } = cursor
  const next = await chunk(work, cursor, (records) => {
    known = pieces.look(known, records)
    done += records.length
    return true
  })
  const { name } = await run.files.write(`known-${cursor.chunk}`, JSON.stringify(known))
  const seen = { ...cursor, chunk: cursor.chunk + 1, known: name }
  const after: Cursor =
    next === null
      ? { ...seen, phase: 'write', position: FIRST_POSITION, done: 0, total: done }
      : { ...seen, position: next, done }
  // Both phases read every record once.
  return { cursor: after, progress: { done: 0, total: after.total, unit: 'records' } }
}

async function write(work: Work, cursor: Cursor): Promise<Step> {
  const { run, params, pieces, limits } = work
  const known = await knownAt(work, cursor)
  const texts = isFirst(cursor) ? [pieces.open(known)] : []
  let characters = 0
  let { done } = cursor
  const next = await chunk(work, cursor, (records) => {
    const text = pieces.write(known, records)
    texts.push(text)
    characters += text.length
    done += records.length
    return characters < limits.partCharacters
  })
  if (next === null) texts.push(pieces.close)
  const parts: FilePart[] = [...cursor.parts]
  const text = texts.join('')
  if (text !== '') parts.push(await run.files.write(`part-${cursor.chunk}`, text))
  if (next !== null) {
    const after = { ...cursor, position: next, chunk: cursor.chunk + 1, done, parts }
    return { cursor: after, progress: { done, total: cursor.total, unit: 'records' } }
  }
  const { fileName: name, contentType } = params
  return {
    result: {
      value: { seq: cursor.at.seq, records: done },
      files: [{ name, contentType, parts }],
    },
    progress: { done, total: done, unit: 'records' },
  }
}

function isFirst({ position, parts }: Cursor): boolean {
  return parts.length === 0 && position.kind === 0 && position.after === FIRST_POSITION.after
}

function chunk(
  { run, params: { kinds, metadata }, limits: { maxPages } }: Work,
  { at, position }: Cursor,
  take: (records: readonly Exported[]) => boolean,
): Promise<Position | null> {
  return exportChunk(run.context, { at, kinds, metadata, position, maxPages, take })
}

/** What was seen up to here: of a large graph too much for the job's row. */
async function knownAt({ run, pieces }: Work, cursor: Cursor): Promise<Json> {
  const { files, memory } = run
  if (cursor.known === null) return pieces.unseen
  const held = memory.get(cursor.known)
  if (held !== undefined) return held as Json
  const known: Json = JSON.parse(await files.readText(cursor.known))
  memory.clear()
  memory.set(cursor.known, known)
  return known
}
