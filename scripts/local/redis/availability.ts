import type { RedisCommand } from './backend.ts'
import { RedisError } from './reply.ts'

const FAMILIES = {
  blocking: 'blpop brpop blmove blmpop brpoplpush bzpopmin bzpopmax bzmpop wait waitaof',
  transactions: 'multi exec discard watch unwatch',
  connection: 'auth hello select quit reset client asking readonly readwrite',
  subscriptions:
    'subscribe unsubscribe psubscribe punsubscribe ssubscribe sunsubscribe spublish monitor',
  otherDatabases: 'move swapdb migrate',
  administration:
    'acl bgrewriteaof bgsave cluster config debug failover lastsave latency lolwut memory module ' +
    'psync replconf replicaof role save shutdown slaveof slowlog sync',
}

const UNAVAILABLE = new Set(Object.values(FAMILIES).join(' ').split(' '))

/** Bounds of a pay-as-you-go database, as its documentation gives them. */
export const MAX_COMMAND_BYTES = 10 * 1024 * 1024
export const MAX_KEY_BYTES = 32 * 1024

/** Commands whose first argument is no key. */
const KEYLESS = new Set(['echo', 'eval', 'eval_ro', 'keys', 'ping', 'publish', 'scan', 'script'])

/** Why Upstash would not run a command, whatever Redis could do with it; undefined when it would. */
export function refusal(command: RedisCommand): RedisError | undefined {
  const [word = '', key = ''] = command
  const name = word.toLowerCase()
  const isOtherDatabase = name === 'copy' && command.some((other) => /^db$/i.test(other))
  if (UNAVAILABLE.has(name) || isOtherDatabase) {
    return new RedisError(`ERR Command is not available: '${word.toUpperCase()}'`)
  }
  const bytes = command.reduce((sum, { length }) => sum + length, 0)
  if (bytes > MAX_COMMAND_BYTES) return tooLarge('request', MAX_COMMAND_BYTES, bytes)
  const isKey = !KEYLESS.has(name)
  return isKey && key.length > MAX_KEY_BYTES
    ? tooLarge('key', MAX_KEY_BYTES, key.length)
    : undefined
}

function tooLarge(what: string, limit: number, actual: number): RedisError {
  return new RedisError(
    `ERR max ${what} size exceeded. Limit: ${limit} bytes, Actual: ${actual} bytes`,
  )
}
