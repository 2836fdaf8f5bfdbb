import type { IncomingHttpHeaders } from 'node:http'
import { badRequest } from './sql-errors.ts'
import { type Json, paramsToText } from './sql-params.ts'

export type SqlQuery = {
  readonly query: string
  readonly params: readonly (string | null)[]
  /** Rows as arrays of values instead of objects by column name. */
  readonly arrayMode: boolean
}

/** What one request asks to be done: one query on its own, or several in one transaction. */
export type SqlBatch = {
  readonly kind: 'single' | 'batch'
  /** The name of the database it runs in. */
  readonly database: string
  readonly queries: readonly SqlQuery[]
  /** undefined leaves it to the server's default. Ignored for a single query, like the next two. */
  readonly isolationLevel: IsolationLevel | undefined
  readonly readOnly: boolean
  readonly deferrable: boolean
}

export type SqlRequest = {
  readonly connectionString: string
  readonly batch: SqlBatch
  /** Values in PostgreSQL's text format; otherwise JSON values where the type has one. */
  readonly rawText: boolean
}

export const ISOLATION_LEVELS = {
  ReadUncommitted: 'READ UNCOMMITTED',
  ReadCommitted: 'READ COMMITTED',
  RepeatableRead: 'REPEATABLE READ',
  Serializable: 'SERIALIZABLE',
} as const

export type IsolationLevel = keyof typeof ISOLATION_LEVELS

// The protocol counts parameters in 16 bits: one more and PostgreSQL reads garbage.
const MAX_PARAMS = 65_535

/** Reads a request; throws the 400 that Neon would answer. */
export function parseRequest(headers: IncomingHttpHeaders, body: string): SqlRequest {
  const connectionString = headers['neon-connection-string']
  if (typeof connectionString !== 'string' || connectionString === '') {
    throw badRequest('invalid header: neon-connection-string')
  }
  const database = databaseOf(connectionString)
  const isolationLevel = isolationLevelOf(headers['neon-batch-isolation-level'])
  const { kind, queries } = parseBody(body, headers['neon-array-mode'] === 'true')
  return {
    connectionString,
    rawText: headers['neon-raw-text-output'] === 'true',
    batch: {
      kind,
      database,
      queries,
      isolationLevel,
      readOnly: headers['neon-batch-read-only'] === 'true',
      deferrable: headers['neon-batch-deferrable'] === 'true',
    },
  }
}

/** Checks what must be there without ever repeating the string: it holds a password. */
function databaseOf(connectionString: string): string {
  if (!URL.canParse(connectionString)) throw badRequest('invalid connection string')
  const url = new URL(connectionString)
  if (!/^postgres(ql)?:$/.test(url.protocol)) throw badRequest('incorrect scheme')
  if (url.pathname.length < 2) throw badRequest('missing database name')
  if (url.username === '') throw badRequest('missing username')
  if (url.password === '') {
    throw badRequest('missing authentication credentials: required password')
  }
  return decodeURIComponent(url.pathname.slice(1))
}

function isolationLevelOf(header: string | string[] | undefined): IsolationLevel | undefined {
  if (header === undefined) return undefined
  if (!isIsolationLevel(header)) throw badRequest('invalid isolation level')
  return header
}

function isIsolationLevel(header: string | string[]): header is IsolationLevel {
  return typeof header === 'string' && Object.hasOwn(ISOLATION_LEVELS, header)
}

function parseBody(body: string, arrayMode: boolean): Pick<SqlBatch, 'kind' | 'queries'> {
  const json = parseJson(body)
  if (!isObject(json)) throw unreadable('it is not an object')
  if (json.query !== undefined) {
    return { kind: 'single', queries: [parseQuery(json, arrayMode)] }
  }
  if (!isArray(json.queries)) throw unreadable('it has neither query nor queries')
  return { kind: 'batch', queries: json.queries.map((query) => parseQuery(query, arrayMode)) }
}

function parseQuery(json: Json, defaultArrayMode: boolean): SqlQuery {
  if (!isObject(json) || typeof json.query !== 'string') throw unreadable('query is not a string')
  const { query, params = [], arrayMode } = json
  if (!isArray(params)) throw unreadable('params is not an array')
  if (params.length > MAX_PARAMS) {
    throw badRequest(`a query takes at most ${MAX_PARAMS} params, got ${params.length}`)
  }
  return {
    query,
    params: paramsToText(params),
    arrayMode: typeof arrayMode === 'boolean' ? arrayMode : defaultArrayMode,
  }
}

function parseJson(body: string): Json {
  try {
    return JSON.parse(body)
  } catch {
    // The parser's own message quotes the body, which can hold anything.
    throw unreadable('it is not JSON')
  }
}

function isObject(json: Json): json is { readonly [key: string]: Json } {
  return typeof json === 'object' && json !== null && !Array.isArray(json)
}

/** Array.isArray does not narrow a readonly array. */
function isArray(json: Json | undefined): json is readonly Json[] {
  return Array.isArray(json)
}

function unreadable(reason: string) {
  return badRequest(`could not parse the HTTP request body: ${reason}`)
}
