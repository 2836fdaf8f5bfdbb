import { type NeonQueryFunction, neon, neonConfig } from '@neondatabase/serverless'
import type { SQL } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'
import { AppError } from '../core/errors.ts'
import type { TenantId } from '../core/ids.ts'
import { parsePostgresText } from './postgres-text.ts'

export type Row = Readonly<Record<string, unknown>>

/**
 * A PostgreSQL database reached by SQL over HTTP. A batch is one round trip and one transaction;
 * there are no interactive transactions.
 */
export type Database = {
  /**
   * Runs `statements` as one transaction that sees and writes rows of `tenantId` only.
   * Rejects with a `DatabaseError`.
   */
  batch(tenantId: TenantId, statements: readonly SQL[], options?: BatchOptions): Promise<Row[][]>
  /** The same for what comes before a tenant is known; `settings` open single rows (see the policies). */
  batchWith(
    settings: Readonly<Record<string, string>>,
    statements: readonly SQL[],
    options?: BatchOptions,
  ): Promise<Row[][]>
}

export type BatchOptions = {
  /** `snapshot`: all statements see one snapshot and write nothing. Default `write`: read committed. */
  readonly mode?: 'snapshot' | 'write'
  readonly signal?: AbortSignal
}

/**
 * Why a batch failed. `certain`: the server said so and rolled back. Otherwise nobody knows whether
 * it was committed.
 */
export class DatabaseError extends Error {
  readonly certain: boolean
  /** SQLSTATE, where the server gave one. */
  readonly sqlState: string | null
  readonly constraint: string | null
  /** The result is larger than the service sends: nothing is wrong with the database. */
  readonly tooLarge: boolean

  constructor(
    message: string,
    options: { certain: boolean; sqlState?: string; constraint?: string; cause: unknown },
  ) {
    super(message, { cause: options.cause })
    this.name = 'DatabaseError'
    this.certain = options.certain
    this.sqlState = options.sqlState ?? null
    this.constraint = options.constraint ?? null
    this.tooLarge = /HTTP status 507/.test(message)
  }
}

/** How long a batch may take before its outcome counts as unknown. */
export const BATCH_TIMEOUT_MS = 10_000

const dialect = new PgDialect()

const TYPES = { getTypeParser: (oid: number) => parsePostgresText(oid) }

/** `url` is a secret. `endpoint` overrides where the driver sends SQL: the local stack's service. */
export function openDatabase(url: string, endpoint?: string): Database {
  let client: NeonQueryFunction<false, false> | null = null
  // Not before it is needed: most requests are answered from memory.
  const connected = (): NeonQueryFunction<false, false> => {
    if (endpoint) neonConfig.fetchEndpoint = () => endpoint
    client ??= neon(url)
    return client
  }
  const database: Database = {
    batch: (tenantId, statements, options) =>
      database.batchWith({ 'tendril.tenant_id': tenantId }, statements, options),
    batchWith: (settings, statements, options) => run(connected(), settings, statements, options),
  }
  return database
}

async function run(
  client: NeonQueryFunction<false, false>,
  settings: Readonly<Record<string, string>>,
  statements: readonly SQL[],
  options: BatchOptions = {},
): Promise<Row[][]> {
  // Not AbortSignal.timeout: its timer would keep a Durable Object in memory after the answer.
  const timeout = new AbortController()
  const timer = setTimeout(() => timeout.abort(), BATCH_TIMEOUT_MS)
  const signal = options.signal ? AbortSignal.any([options.signal, timeout.signal]) : timeout.signal
  const queries = [
    ...Object.entries(settings).map(([name, value]) =>
      client.query('select set_config($1, $2, true)', [name, value]),
    ),
    ...statements.map((statement) => {
      const { sql, params } = dialect.sqlToQuery(statement)
      return client.query(sql, params, { types: TYPES })
    }),
  ]
  try {
    const results = await client.transaction(queries, {
      fetchOptions: { signal },
      ...(options.mode === 'snapshot'
        ? { isolationLevel: 'RepeatableRead' as const, readOnly: true }
        : {}),
    })
    return results.slice(Object.keys(settings).length)
  } catch (error) {
    throw toDatabaseError(error)
  } finally {
    clearTimeout(timer)
  }
}

/** Connection failures and shutdowns (classes 08 and 57P): the commit may have gone through. */
const UNCERTAIN_STATE = /^(08|57P|40003)/

function toDatabaseError(error: unknown): DatabaseError {
  const sqlState = field(error, 'code')
  const constraint = field(error, 'constraint')
  return new DatabaseError(error instanceof Error ? error.message : 'the database did not answer', {
    certain: sqlState !== undefined && !UNCERTAIN_STATE.test(sqlState),
    ...(sqlState === undefined ? {} : { sqlState }),
    ...(constraint === undefined ? {} : { constraint }),
    cause: error,
  })
}

function field(error: unknown, name: string): string | undefined {
  const value: unknown =
    typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** What a caller is told when a database does not answer. */
export function unavailable(cause: unknown): AppError {
  return new AppError('unavailable', 'the database is not available at the moment', {
    retryAfterSeconds: 1,
    cause,
  })
}
