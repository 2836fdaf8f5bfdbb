import { badRow, type ReadRow, type Row } from '../../core/formats/rows.ts'
import type { Kind } from '../../core/log/commands.ts'

/** Bounds of one request, within what the server takes. */
export const MAX_BATCH_ROWS = 1_000
export const MAX_BATCH_BYTES = 4 * 1024 * 1024
const MAX_ROW_BYTES = 10 * 1024 * 1024 - 1

/** A refused row with its reason. */
export type Refused = {
  readonly line: number
  readonly code: string
  readonly message: string
}

/** Rows of one request. */
export type Batch = {
  /** Rows of the pass before these, whether good or bad: the same in each reading of the file. */
  readonly firstRow: number
  /** Good and bad ones. */
  readonly rowCount: number
  readonly rows: readonly (Row & { readonly json: string })[]
  /** Rows in between that could not be read. */
  readonly bad: readonly Refused[]
  /** What the rows are found by. */
  readonly names: ReadonlySet<string>
}

/**
 * The rows of one pass in requests. Relationships have a pass of their own, after that of entities and
 * of everything that is neither, so that their ends are there wherever they stand in the file.
 */
export async function* batchesOf(rows: AsyncIterable<ReadRow>, pass: Kind): AsyncGenerator<Batch> {
  let batch = new Filling(0)
  for await (const row of rows) {
    if ((pass === 'relationship') !== isRelationship(row)) continue
    const item = 'error' in row ? row : withJson(row)
    if (!batch.hasRoomFor(item)) {
      yield batch
      batch = new Filling(batch.firstRow + batch.rowCount)
    }
    batch.add(item)
  }
  if (batch.rowCount > 0) yield batch
}

function isRelationship(row: ReadRow): boolean {
  return 'value' in row && fieldOf(row.value, 'kind') === 'relationship'
}

type Item = Batch['rows'][number] | Exclude<ReadRow, Row>

function withJson(row: Row): Item {
  const json = JSON.stringify(row.value)
  return Buffer.byteLength(json) > MAX_ROW_BYTES
    ? badRow(row.line, `has more than ${MAX_ROW_BYTES} bytes as JSON`)
    : { ...row, json }
}

class Filling implements Batch {
  readonly firstRow: number
  readonly rows: Batch['rows'][number][] = []
  readonly bad: Refused[] = []
  readonly names = new Set<string>()
  #bytes = 0

  constructor(firstRow: number) {
    this.firstRow = firstRow
  }

  get rowCount(): number {
    return this.rows.length + this.bad.length
  }

  hasRoomFor(item: Item): boolean {
    if (this.rowCount === 0) return true
    const bytes = 'json' in item ? Buffer.byteLength(item.json) : 0
    return this.rowCount < MAX_BATCH_ROWS && this.#bytes + bytes <= MAX_BATCH_BYTES
  }

  add(item: Item): void {
    if ('error' in item) {
      const { code, message } = item.error
      this.bad.push({ line: item.line, code, message })
      return
    }
    this.rows.push(item)
    this.#bytes += Buffer.byteLength(item.json) + 1
    for (const field of ['id', 'external_id']) {
      const name = fieldOf(item.value, field)
      if (typeof name === 'string') this.names.add(`${field}:${name}`)
    }
  }
}

function fieldOf(value: unknown, field: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, field) : undefined
}
