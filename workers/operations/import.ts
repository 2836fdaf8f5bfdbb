import { type AppError, invalid } from '../../core/errors.ts'
import { type Command, MAX_COMMANDS } from '../../core/log/commands.ts'
import { validateProperties } from '../../core/types/graph-schema.ts'
import { headOf } from '../../db/queries/export.ts'
import type { GraphContext } from '../context.ts'
import { afterWrite } from './after-write.ts'
import { batchItem } from './batch.ts'
import { graphOperation } from './define.ts'
import { pointerOf } from './json-schema-problems.ts'
import { type Answer, bookmarkOf, shardOf } from './records.ts'
import { forgetSchema, loadSchema } from './schema.ts'
import { type Written, write } from './write.ts'

/** A row of an import: where it stands, and what it asks for or why it cannot be read. */
export type ImportRow = Place & ({ readonly command: Command } | { readonly error: AppError })

type Place = {
  readonly line: number
  /** What the file calls the row, where its line does not tell. */
  readonly label?: string
}

export type ImportInput = {
  readonly rows: readonly ImportRow[]
  /** Checks everything and writes nothing. */
  readonly isDryRun: boolean
}

export type ImportReport = {
  readonly rows: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
  /** Every refused row, by line. */
  readonly errors: readonly RefusedRow[]
}

export type RefusedRow = Extract<ImportRow, { error: AppError }>
type GoodRow = Extract<ImportRow, { command: Command }>

/**
 * Loads rows, each standing for itself: those that are refused leave the others be. Entities go
 * first, so that relationships of the same import find their ends wherever they stand.
 */
export const importRows = graphOperation(
  'graph.write',
  async (context, { rows, isDryRun }: ImportInput): Promise<Answer<ImportReport>> => {
    const errors = rows.filter((row) => 'error' in row)
    const good = rows.filter((row) => 'command' in row)
    const loaded = isDryRun ? await checkRows(context, good) : await writeRows(context, good)
    errors.push(...loaded.refused)
    errors.sort((a, b) => a.line - b.line)
    const at = loaded.writes.at(-1) ?? (await headOf(shardOf(context), context.graph))
    return {
      value: { rows: rows.length, ...loaded.counts, refused: errors.length, errors },
      bookmark: bookmarkOf(context, at),
      replayed: loaded.writes.length > 0 && loaded.writes.every(({ replayed }) => replayed),
    }
  },
)

type Loaded = {
  readonly counts: Pick<ImportReport, 'created' | 'updated' | 'unchanged'>
  readonly refused: readonly RefusedRow[]
  readonly writes: readonly Written[]
}

/** Everything that can be told of rows without writing them: their properties by their types. */
async function checkRows(context: GraphContext, rows: readonly GoodRow[]): Promise<Loaded> {
  // A commit would refuse types that have changed since; without one they have to be read anew.
  forgetSchema(context)
  const schema = await loadSchema(context)
  const refused = rows.flatMap(({ command, ...place }): RefusedRow[] => {
    if (!('content' in command)) return []
    const { kind, type, content } = command
    const errors = validateProperties(schema, kind, type, content.properties).map(
      ({ pointer, message }) => ({ pointer: pointerOf(pointer), message }),
    )
    return errors.length > 0 ? [{ ...place, error: invalid(errors) }] : []
  })
  return { counts: { created: 0, updated: 0, unchanged: 0 }, refused, writes: [] }
}

async function writeRows(context: GraphContext, rows: readonly GoodRow[]): Promise<Loaded> {
  const counts = { created: 0, updated: 0, unchanged: 0, deleted: 0 }
  const writes: Written[] = []
  const refused: RefusedRow[] = []
  const chunks = [
    ...inRounds(rows.filter(({ command }) => command.kind === 'entity')).flatMap(chunked),
    ...inRounds(rows.filter(({ command }) => command.kind === 'relationship')).flatMap(chunked),
  ]
  for (const [index, chunk] of chunks.entries()) {
    const writing = () => writeChunk(context, index, chunk)
    const written = await (index === 0 ? writing() : afterWrite(writing))
    writes.push(written)
    written.outcomes.map(batchItem).forEach((item, i) => {
      const { command: _, ...place } = chunk[i] ?? { line: 0, command: null }
      if (item.outcome === 'refused') refused.push({ ...place, error: item.error })
      else counts[item.outcome] += 1
    })
  }
  const { created, updated, unchanged } = counts
  return { counts: { created, updated, unchanged }, refused, writes }
}

function writeChunk(
  context: GraphContext,
  index: number,
  chunk: readonly GoodRow[],
): Promise<Written> {
  // Each chunk is a request of its own to the log, so each has a name of its own.
  const { idempotency: whole } = context
  const idempotency = whole && { ...whole, route: `${whole.route}#${index}` }
  const commands = chunk.map(({ command }) => command)
  return write({ ...context, idempotency }, commands, { atomic: false })
}

/** Rounds beyond which rows of one record are written as one: each costs a commit. */
const MAX_ROUNDS = 10

/**
 * The first rows of all records, then the second ones, and so on: rows of one record in one request
 * would be folded into one, and the last of them decide about all.
 */
function inRounds(rows: readonly GoodRow[]): GoodRow[][] {
  const rounds: GoodRow[][] = []
  const timesSeen = new Map<string, number>()
  for (const row of rows) {
    const names = namesOf(row.command)
    const times = Math.max(0, ...names.map((name) => timesSeen.get(name) ?? 0))
    for (const name of names) timesSeen.set(name, times + 1)
    const round = Math.min(times, MAX_ROUNDS - 1)
    const others = rounds[round]
    if (others) others.push(row)
    else rounds[round] = [row]
  }
  return rounds
}

function namesOf(command: Command): string[] {
  if ('target' in command) return []
  const { id, externalId } = command
  return [`id:${id}`, ...(externalId === null ? [] : [`external:${externalId}`])]
}

function chunked(rows: readonly GoodRow[]): GoodRow[][] {
  const chunks: GoodRow[][] = []
  for (let i = 0; i < rows.length; i += MAX_COMMANDS) chunks.push(rows.slice(i, i + MAX_COMMANDS))
  return chunks
}
