import { type Bytes, RedisError } from '../../reply.ts'
import { type Command, type CommandTable, reads, writes } from '../command.ts'
import { parseBigInteger } from '../numbers.ts'
import { Words } from '../words.ts'
import { expiryTime, UNITS, type Unit } from './expiry-option.ts'

export const EXPIRY: CommandTable = {
  expire: expire('expire', UNITS.EX),
  pexpire: expire('pexpire', UNITS.PX),
  expireat: expire('expireat', UNITS.EXAT),
  pexpireat: expire('pexpireat', UNITS.PXAT),
  ttl: time((at, nowMs) => Math.round((at - nowMs) / 1000)),
  pttl: time((at, nowMs) => at - nowMs),
  expiretime: time((at) => Math.round(at / 1000)),
  pexpiretime: time((at) => at),
  persist: writes(2, ({ keys }, [key = '']) => {
    if (keys.expiresAt(key) === undefined) return 0
    keys.setExpiry(key, undefined)
    return 1
  }),
}

const NO_KEY = -2
const NEVER = -1

function time(measure: (at: number, nowMs: number) => number): Command {
  return reads(2, ({ keys, nowMs }, [key = '']) => {
    if (keys.read(key) === undefined) return NO_KEY
    const at = keys.expiresAt(key)
    return at === undefined ? NEVER : measure(at, nowMs)
  })
}

function expire(name: string, unit: Unit): Command {
  return writes(-3, ({ keys, nowMs }, [key = '', amount = '', ...options]) => {
    const isAllowed = condition(options)
    const at = expiryTime(parseBigInteger(amount), unit, name, nowMs)
    if (keys.read(key) === undefined) return 0
    if (!isAllowed(keys.expiresAt(key), at)) return 0
    if (at <= nowMs) keys.remove(key)
    else keys.setExpiry(key, at)
    return 1
  })
}

/** A key that never expires counts as expiring later than any other. */
function condition(options: readonly Bytes[]): (old: number | undefined, at: number) => boolean {
  const words = new Words(options)
  const chosen = new Set<string>()
  while (words.left > 0) {
    const word = words.take()
    const name = word.toUpperCase()
    if (!['NX', 'XX', 'GT', 'LT'].includes(name)) {
      throw new RedisError(`ERR Unsupported option ${word}`)
    }
    chosen.add(name)
  }
  if (chosen.has('NX') && chosen.size > 1) {
    throw new RedisError('ERR NX and XX, GT or LT options at the same time are not compatible')
  }
  if (chosen.has('GT') && chosen.has('LT')) {
    throw new RedisError('ERR GT and LT options at the same time are not compatible')
  }
  return (old, at) =>
    !(chosen.has('NX') && old !== undefined) &&
    !(chosen.has('XX') && old === undefined) &&
    !(chosen.has('GT') && at <= (old ?? Number.POSITIVE_INFINITY)) &&
    !(chosen.has('LT') && at >= (old ?? Number.POSITIVE_INFINITY))
}
