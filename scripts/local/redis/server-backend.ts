import { createClient, ErrorReply, RESP_TYPES } from '@redis/client'
import { UserError } from '../user-error.ts'
import type { Mishap, RedisBackend, RedisCommand } from './backend.ts'
import { bytesOf, RedisError, type Reply } from './reply.ts'
import { scriptFlags } from './script-flags.ts'

const CONNECT_LIMIT_MS = 5_000
const RECONNECT_DELAY_MS = 200

/**
 * One logical database of a real Redis: the one that `url` names (default 0), or the `offset`th
 * after it. Rejects with a UserError when it is no URL or no Redis answers there.
 */
export async function serverBackend(url: string, offset: number): Promise<RedisBackend> {
  let wasConnected = false
  const client = createClient({
    ...locationOf(url, offset),
    RESP: 2,
    // A Redis that is away should look like that at once, not after it is back.
    disableOfflineQueue: true,
    socket: {
      connectTimeout: CONNECT_LIMIT_MS,
      // The first connection tells what is wrong; a lost one is opened again.
      reconnectStrategy: (_, cause) => (wasConnected ? RECONNECT_DELAY_MS : cause),
    },
    commandOptions: {
      typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.NUMBER]: String },
    },
  })
  // Without a listener a Redis that goes away would end this process; commands tell it anyway.
  client.on('error', () => {})
  try {
    await client.connect()
  } catch (cause) {
    client.destroy()
    throw new UserError(
      `The Redis that TENDRIL_REDIS_URL names (${new URL(url).host}) cannot be used: ${reasonOf(cause)}.`,
      { cause },
    )
  }
  wasConnected = true
  const flags = scriptFlags()
  let position = 0

  function prepare(command: RedisCommand, mishap: Mishap | undefined): Buffer[] {
    if (mishap !== undefined) {
      throw new Error('only the in-process store can lose writes and answer old values')
    }
    position++
    const [name = '', ...words] = flags.without(command)
    // Other databases of the same server belong to others.
    const own = name.toLowerCase() === 'flushall' ? 'flushdb' : name
    return [own, ...words].map((word) => Buffer.from(word, 'latin1'))
  }

  return {
    async execute(command, mishap) {
      try {
        return replyOf(await client.sendCommand(prepare(command, mishap)))
      } catch (error) {
        return errorOf(error)
      }
    },
    async transaction(commands, mishap) {
      // By hand: the client's own multi() decodes strings as UTF-8, which loses bytes. What is
      // sent in one go stays together on the connection, and is refused together when that breaks.
      const words = commands.map((command) => prepare(command, mishap))
      const sent = [['MULTI'], ...words, ['EXEC']].map((command) => client.sendCommand(command))
      const outcomes = await Promise.allSettled(sent)
      const last = outcomes.at(-1)
      if (last?.status === 'rejected') return errorOf(last.reason)
      const replies = replyOf(last?.value)
      if (!Array.isArray(replies)) throw new Error('EXEC did not answer an array')
      return replies
    },
    position: () => position,
    async close() {
      client.destroy()
    },
  }
}

function locationOf(url: string, offset: number): { url: string; database: number } {
  const path = /^\/?(\d*)$/
  if (!/^rediss?:\/\//.test(url) || !URL.canParse(url) || !path.test(new URL(url).pathname)) {
    throw new UserError('TENDRIL_REDIS_URL must look like redis://user:password@host:6379/0.')
  }
  const bare = new URL(url)
  const first = Number(path.exec(bare.pathname)?.[1])
  bare.pathname = ''
  return { url: bare.href, database: first + offset }
}

function reasonOf(error: unknown): string {
  // A refused connection to a name with several addresses has its reasons inside, and no message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  return first instanceof Error ? first.message : String(first)
}

function replyOf(value: unknown): Reply {
  if (value === null) return null
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1')
  if (Array.isArray(value)) return value.map(replyOf)
  if (value instanceof ErrorReply) return new RedisError(bytesOf(value.message))
  if (typeof value === 'string') return /^-?\d+$/.test(value) ? BigInt(value) : { status: value }
  throw new Error(`Redis answered what RESP2 has no type for: ${typeof value}`)
}

/** Of an error that Redis has answered; any other is thrown on. */
function errorOf(error: unknown): RedisError {
  if (error instanceof ErrorReply) return new RedisError(bytesOf(error.message))
  throw error
}
