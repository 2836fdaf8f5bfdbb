import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'

export type SqlPools = {
  /** A connection of its own until it is released. Waits while all of its pool are taken. */
  connect(connectionString: string): Promise<pg.PoolClient>
  /** Gives running statements a second, cancels them, and closes every connection. */
  close(): Promise<void>
}

// Together below the 200 connections of the local PostgreSQL, with room for direct ones.
const MAX_POOLS = 8
const MAX_CONNECTIONS_PER_POOL = 20

const CONNECT_LIMIT_MS = 30_000
const IDLE_LIMIT_MS = 10_000
const CLOSE_GRACE_MS = 1_000

// The body of a CancelRequest; see "Canceling Requests in Progress" in PostgreSQL's manual.
const CANCEL_CODE = 80_877_102
const CANCEL_BYTES = 16

/** Pools by connection string; the one longest unused gives way when there are too many. */
export function sqlPools(): SqlPools {
  const pools = new Map<string, pg.Pool>()
  const taken = new Set<pg.PoolClient>()
  let closed = false

  function poolFor(connectionString: string): pg.Pool {
    const pool = pools.get(connectionString) ?? openPool(connectionString, taken)
    // A Map keeps the order of insertion: the first is the one longest unused.
    pools.delete(connectionString)
    pools.set(connectionString, pool)
    const [oldest] = pools
    if (pools.size > MAX_POOLS && oldest !== undefined) {
      pools.delete(oldest[0])
      oldest[1].end()
    }
    return pool
  }

  return {
    async connect(connectionString) {
      if (closed) throw new Error('the service is closed')
      return poolFor(connectionString).connect()
    },
    async close() {
      closed = true
      const ended = Promise.all([...pools.values()].map((pool) => pool.end()))
      pools.clear()
      await Promise.race([ended, delay(CLOSE_GRACE_MS, undefined, { ref: false })])
      for (const client of taken) cancelQuery(client)
      await Promise.race([ended, delay(CLOSE_GRACE_MS, undefined, { ref: false })])
      // Only a PostgreSQL that no longer answers leaves any.
      await Promise.all([...taken].map((client) => client.end()))
    },
  }
}

function openPool(connectionString: string, taken: Set<pg.PoolClient>): pg.Pool {
  const pool = new pg.Pool({
    connectionString,
    max: MAX_CONNECTIONS_PER_POOL,
    idleTimeoutMillis: IDLE_LIMIT_MS,
    connectionTimeoutMillis: CONNECT_LIMIT_MS,
    keepAlive: true,
  })
  // PostgreSQL ended or dropped the database: whoever uses the connection is told by its query.
  pool.on('error', () => {})
  pool.on('connect', (client) => client.on('error', () => {}))
  pool.on('acquire', (client) => taken.add(client))
  pool.on('release', (_error, client) => taken.delete(client))
  return pool
}

/**
 * Asks PostgreSQL to stop what this connection runs; it may still finish. The connection must not
 * be used again, for a late request would stop its next statement.
 */
export function cancelQuery(client: pg.PoolClient): void {
  // pg knows both numbers but does not declare them.
  const pid: unknown = Reflect.get(client, 'processID')
  const key: unknown = Reflect.get(client, 'secretKey')
  if (client.ssl || typeof pid !== 'number' || typeof key !== 'number') return
  const request = Buffer.alloc(CANCEL_BYTES)
  for (const [i, word] of [CANCEL_BYTES, CANCEL_CODE, pid, key].entries()) {
    request.writeInt32BE(word, i * 4)
  }
  const socket = connect(client.port, client.host, () => socket.end(request))
  // The server has gone: so has the statement.
  socket.on('error', () => {})
}
