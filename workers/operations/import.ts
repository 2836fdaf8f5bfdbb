import type { AppError } from '../../core/errors.ts'
import { type Command, MAX_COMMANDS } from '../../core/log/commands.ts'
import { headOf } from '../../db/queries/export.ts'
import type { GraphContext } from '../context.ts'
import { afterWrite } from './after-write.ts'
import { batchItem } from './batch.ts'
import { graphOperation } from './define.ts'
import { type Answer, bookmarkOf, shardOf } from './records.ts'
import { type Written, write } from './write.ts'

/** A row of an import: its line and what it asks for, or why it cannot be read. */
export type ImportRow =
  | { readonly line: number; readonly command: Command }
  | { readonly line: number; readonly error: AppError }

export type ImportReport = {
  readonly rows: number
  readonly created: number
  readonly updated: number
  readonly unchanged: number
  readonly refused: number
  /** Every refused row, by line. */
  readonly errors: readonly { readonly line: number; readonly error: AppError }[]
}

type GoodRow = Extract<ImportRow, { command: Command }>

/**
 * Loads rows, each standing for itself: those that are refused leave the others be. Entities go
 * first, so that relationships of the same import find their ends wherever they stand.
 */
export const importRows = graphOperation(
  'graph.write',
  async (context, rows: readonly ImportRow[]): Promise<Answer<ImportReport>> => {
    const counts = { created: 0, updated: 0, unchanged: 0, deleted: 0 }
    const writes: Written[] = []
    const errors = rows.filter((row) => 'error' in row)
    const good = rows.filter((row) => 'command' in row)
    const chunks = [
      ...inRounds(good.filter(({ command }) => command.kind === 'entity')).flatMap(chunked),
      ...inRounds(good.filter(({ command }) => command.kind === 'relationship')).flatMap(chunked),
    ]
    for (const [index, chunk] of chunks.entries()) {
      const writing = () => writeChunk(context, index, chunk)
      const written = await (index === 0 ? writing() : afterWrite(writing))
      writes.push(written)
      written.outcomes.map(batchItem).forEach((item, i) => {
        const line = chunk[i]?.line ?? 0
        if (item.outcome === 'refused') errors.push({ line, error: item.error })
        else counts[item.outcome] += 1
      })
    }
    errors.sort((a, b) => a.line - b.line)
    const { created, updated, unchanged } = counts
    const at = writes.at(-1) ?? (await headOf(shardOf(context), context.graph))
    return {
      value: { rows: rows.length, created, updated, unchanged, refused: errors.length, errors },
      bookmark: bookmarkOf(context, at),
      replayed: writes.length > 0 && writes.every(({ replayed }) => replayed),
    }
  },
)

function writeChunk(
  context: GraphContext,
  index: number,
  chunk: readonly GoodRow[],
): Promise<Written> {
  // Each chunk is a request of its own to the log, so each has a name of its own.
  const route = `${context.route}#${index}`
  const commands = chunk.map(({ command }) => command)
  return write({ ...context, route }, commands, { atomic: false })
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
