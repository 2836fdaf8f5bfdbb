import type { ClientBase, Connection, Submittable } from 'pg'
import { SqlHttpError } from './sql-errors.ts'
import type { SqlQuery } from './sql-request.ts'
import { type Field, type RowFormat, rowWriter, type TextRow } from './sql-rows.ts'

/** How much one answer may hold, and how it writes its rows; shared by its statements. */
export type AnswerFormat = { readonly rawText: boolean; readonly maxBytes: number }

const INSUFFICIENT_STORAGE = 507

/**
 * Runs statements in order in one round trip and resolves with the JSON text of each result.
 * PostgreSQL skips all that follows a failed one; rejects with its DatabaseError, after which the
 * connection still answers. After any other rejection the connection is of no more use.
 */
export function runPipeline(
  client: ClientBase,
  statements: readonly SqlQuery[],
  format: AnswerFormat,
): Promise<string[]> {
  return new Promise((resolve, reject) => {
    client.query(new Pipeline(statements, format, resolve, reject))
  })
}

/**
 * A query object for pg, which has none that sends several statements before one Sync. The
 * handle… methods are those pg calls on the query in progress.
 */
class Pipeline implements Submittable {
  readonly #statements: readonly SqlQuery[]
  readonly #format: AnswerFormat
  readonly #resolve: (results: string[]) => void
  readonly #reject: (error: Error) => void
  readonly #results: string[] = []
  #fields: readonly Field[] = []
  #rows: string[] = []
  #writeRow: (row: TextRow) => string = () => ''
  #bytes = 0

  constructor(
    statements: readonly SqlQuery[],
    format: AnswerFormat,
    resolve: (results: string[]) => void,
    reject: (error: Error) => void,
  ) {
    this.#statements = statements
    this.#format = format
    this.#resolve = resolve
    this.#reject = reject
  }

  submit(connection: Connection): void {
    connection.stream.cork()
    // Unnamed statements and no declared types: parsed and planned each time, as Neon does.
    for (const { query, params } of this.#statements) {
      connection.parse({ name: '', text: query, types: [] }, true)
      connection.bind({ values: [...params] }, true)
      connection.describe({ type: 'P', name: '' }, true)
      connection.execute(null, true)
    }
    connection.sync()
    connection.stream.uncork()
  }

  handleRowDescription({ fields }: { fields: readonly Field[] }): void {
    this.#fields = fields
    this.#writeRow = rowWriter(fields, this.#rowFormat())
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    if (this.#bytes > this.#format.maxBytes) return
    const row = this.#writeRow(fields)
    this.#rows.push(row)
    this.#bytes += Buffer.byteLength(row)
    if (this.#bytes > this.#format.maxBytes) {
      const message = `response is too large (max is ${this.#format.maxBytes} bytes)`
      this.#reject(new SqlHttpError(INSUFFICIENT_STORAGE, message))
    }
  }

  handleCommandComplete({ text }: { text: string }): void {
    const { arrayMode } = this.#rowFormat()
    const head = JSON.stringify({ ...parseTag(text), rowAsArray: arrayMode, fields: this.#fields })
    this.#results.push(`${head.slice(0, -1)},"rows":[${this.#rows.join(',')}]}`)
    this.#fields = []
    this.#rows = []
  }

  handleEmptyQuery(): void {
    this.handleCommandComplete({ text: '' })
  }

  handleError(error: Error): void {
    this.#reject(error)
  }

  handleReadyForQuery(): void {
    this.#resolve(this.#results)
  }

  handleCopyInResponse(): void {
    this.#reject(new SqlHttpError(400, 'COPY is not possible over HTTP'))
  }

  handleCopyData(): void {
    this.handleCopyInResponse()
  }

  #rowFormat(): RowFormat {
    const arrayMode = this.#statements[this.#results.length]?.arrayMode ?? false
    return { arrayMode, rawText: this.#format.rawText }
  }
}

/** "INSERT 0 3" → INSERT and 3; "CREATE TABLE" → CREATE and null, as Neon cuts it. */
function parseTag(tag: string): { command: string; rowCount: number | null } {
  const [command = '', ...rest] = tag.split(' ')
  const count = rest[command === 'INSERT' ? 1 : 0] ?? ''
  return { command, rowCount: /^\d+$/.test(count) ? Number(count) : null }
}
