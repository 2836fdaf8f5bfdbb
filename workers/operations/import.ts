import type { AppError } from '../../core/errors.ts'
import { type Command, MAX_COMMANDS } from '../../core/log/commands.ts'
import type { GraphContext } from '../context.ts'
import { batchItem } from './batch.ts'
import { graphOperation } from './define.ts'
import { write } from './write.ts'

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
  async (context, rows: readonly ImportRow[]): Promise<ImportReport> => {
    const counts = { created: 0, updated: 0, unchanged: 0, deleted: 0 }
    const errors = rows.filter((row) => 'error' in row)
    const good = rows.filter((row) => 'command' in row)
    const chunks = [
      ...chunked(good.filter(({ command }) => command.kind === 'entity')),
      ...chunked(good.filter(({ command }) => command.kind === 'relationship')),
    ]
    for (const [index, chunk] of chunks.entries()) {
      const items = await writeChunk(context, index, chunk)
      items.forEach((item, i) => {
        const line = chunk[i]?.line ?? 0
        if (item.outcome === 'refused') errors.push({ line, error: item.error })
        else counts[item.outcome] += 1
      })
    }
    errors.sort((a, b) => a.line - b.line)
    const { created, updated, unchanged } = counts
    return { rows: rows.length, created, updated, unchanged, refused: errors.length, errors }
  },
)

async function writeChunk(context: GraphContext, index: number, chunk: readonly GoodRow[]) {
  // Each chunk is a request of its own to the log, so each has a name of its own.
  const route = `${context.route}#${index}`
  const commands = chunk.map(({ command }) => command)
  const { outcomes } = await write({ ...context, route }, commands, { atomic: false })
  return outcomes.map(batchItem)
}

function chunked(rows: readonly GoodRow[]): GoodRow[][] {
  const chunks: GoodRow[][] = []
  for (let i = 0; i < rows.length; i += MAX_COMMANDS) chunks.push(rows.slice(i, i + MAX_COMMANDS))
  return chunks
}
