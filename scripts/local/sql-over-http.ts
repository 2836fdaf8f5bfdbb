import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { errorBody, SqlHttpError, statusOf } from './sql-errors.ts'
import { execute } from './sql-execute.ts'
import { type SqlPools, sqlPools } from './sql-pools.ts'
import { parseRequest, type SqlBatch } from './sql-request.ts'

/** What a fault does: 'cut' closes the client's connection without an answer. */
export type SqlFault = 'cut' | undefined

/** Hooks for tests; one that resolves later delays its request. */
export type SqlFaults = {
  /** Before anything ran: a cut here changes nothing in the database. */
  beforeExecute?(batch: SqlBatch): SqlFault | Promise<SqlFault>
  /** After a request succeeded, for a batch after its COMMIT: a cut here loses only the answer. */
  beforeRespond?(batch: SqlBatch): SqlFault | Promise<SqlFault>
}

export type SqlOverHttpOptions = {
  /** TCP port on 127.0.0.1; 0 or absent takes a free one. */
  readonly port?: number
  readonly faults?: SqlFaults
}

export type SqlOverHttp = {
  /** http://127.0.0.1:PORT/sql, for neonConfig.fetchEndpoint. */
  readonly url: string
  readonly port: number
  /** Gives running statements a second, then cancels them, and closes all connections. */
  close(): Promise<void>
}

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

const HOST = '127.0.0.1'
const MAX_REQUEST_BYTES = 64 * 1024 * 1024

// Longer than clients keep an idle connection: who closes first must not be us, or a request can
// meet a closing connection and look like a failed one.
const KEEP_ALIVE_MS = 10 * 60_000

const BATCH_HEADERS = ['isolation-level', 'read-only', 'deferrable'].map(
  (name) => `neon-batch-${name}`,
)

/**
 * Serves Neon's SQL-over-HTTP protocol on 127.0.0.1, for any PostgreSQL a request names in its
 * connection string. Connections are pooled and, as at Neon, not reset between requests. Rejects
 * when the port is taken.
 */
export async function startSqlOverHttp(options: SqlOverHttpOptions = {}): Promise<SqlOverHttp> {
  const pools = sqlPools()
  const handle = sqlHandler(pools, options.faults ?? {})
  const server = createServer({ noDelay: true, keepAliveTimeout: KEEP_ALIVE_MS }, handle)
  server.listen(options.port ?? 0, HOST)
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return {
    url: `http://${HOST}:${address.port}/sql`,
    port: address.port,
    async close() {
      const closed = once(server, 'close')
      server.close()
      await pools.close()
      server.closeAllConnections()
      await closed
    },
  }
}

function sqlHandler(pools: SqlPools, faults: SqlFaults): Handler {
  return async function handleSql(request, response) {
    const hangUp = hangUpSignal(response)
    try {
      // No OPTIONS: web pages must not get to send connection strings through us.
      if (request.url !== '/sql') throw new SqlHttpError(404, 'not found')
      if (request.method !== 'POST') throw new SqlHttpError(405, 'method not allowed')
      const sql = parseRequest(request.headers, await readBody(request))
      if ((await faults.beforeExecute?.(sql.batch)) === 'cut') return cut(response)
      const answer = await execute(pools, sql, hangUp)
      if ((await faults.beforeRespond?.(sql.batch)) === 'cut') return cut(response)
      respond(response, 200, answer, sql.batch.kind === 'batch' ? echo(request) : {})
    } catch (error) {
      respond(response, statusOf(error), errorBody(error))
    }
  }
}

function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_REQUEST_BYTES) return chunks.push(chunk)
      request.pause()
      reject(new SqlHttpError(413, `request is too large (max is ${MAX_REQUEST_BYTES} bytes)`))
    })
    request.on('end', () => resolve(Buffer.concat(chunks).toString()))
    request.on('error', reject)
  })
}

function hangUpSignal(response: ServerResponse): AbortSignal {
  const controller = new AbortController()
  response.once('close', () => {
    if (!response.writableEnded) controller.abort()
  })
  return controller.signal
}

function cut(response: ServerResponse): void {
  response.socket?.destroy()
}

function echo(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of BATCH_HEADERS) {
    const value = request.headers[name]
    if (typeof value === 'string' && value !== 'false') headers[name] = value
  }
  return headers
}

function respond(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  // Unread parts of a request would be taken for the next one.
  if (!response.req.complete) response.setHeader('connection', 'close')
  response.writeHead(status, {
    'content-type': 'application/json',
    'access-control-allow-origin': '*',
    'content-length': Buffer.byteLength(body),
    ...headers,
  })
  response.end(body)
}
