import { type Bytes, OK, RedisError, type Reply } from '../../reply.ts'
import {
  type CommandContext,
  type CommandTable,
  grows,
  reads,
  wordAt,
  writes,
  wrongArity,
} from '../command.ts'
import { addDecimals } from '../decimal.ts'
import { isInt64, parseBigInteger, parseInteger } from '../numbers.ts'
import { StringValue } from '../values.ts'
import { Words } from '../words.ts'
import { readExpiryOption } from './expiry-option.ts'

/** Redis's limit of one string. */
const MAX_STRING_BYTES = 512 * 1024 * 1024

export const STRINGS: CommandTable = {
  get: reads(2, ({ keys }, [key = '']) => keys.readAs(key, 'string')?.bytes ?? null),
  strlen: reads(2, ({ keys }, [key = '']) => keys.readAs(key, 'string')?.bytes.length ?? 0),
  mget: reads(-2, ({ keys }, names) =>
    names.map((key) => {
      const value = keys.read(key)
      return value?.type === 'string' ? value.bytes : null
    }),
  ),
  set: grows(-3, set),
  setnx: grows(3, ({ keys }, [key = '', bytes = '']) => {
    if (keys.read(key) !== undefined) return 0
    keys.put(key, new StringValue(bytes))
    return 1
  }),
  setex: grows(4, (context, [key = '', time = '', bytes = '']) =>
    setExpiring(context, 'setex', key, ['EX', time], bytes),
  ),
  psetex: grows(4, (context, [key = '', time = '', bytes = '']) =>
    setExpiring(context, 'psetex', key, ['PX', time], bytes),
  ),
  getset: grows(3, ({ keys }, [key = '', bytes = '']) => {
    const old = keys.readAs(key, 'string')?.bytes ?? null
    keys.put(key, new StringValue(bytes))
    return old
  }),
  getdel: writes(2, ({ keys }, [key = '']) => {
    const old = keys.readAs(key, 'string')?.bytes ?? null
    keys.remove(key)
    return old
  }),
  getex: writes(-2, getex),
  mset: grows(-3, ({ keys }, words) => {
    for (const [key, bytes] of pairs('mset', words)) keys.put(key, new StringValue(bytes))
    return OK
  }),
  msetnx: grows(-3, ({ keys }, words) => {
    const wanted = pairs('msetnx', words)
    if (wanted.some(([key]) => keys.read(key) !== undefined)) return 0
    for (const [key, bytes] of wanted) keys.put(key, new StringValue(bytes))
    return 1
  }),
  append: grows(3, ({ keys }, [key = '', bytes = '']) => {
    const old = keys.readAs(key, 'string')?.bytes ?? ''
    return replace({ keys }, key, old + bytes).length
  }),
  getrange: reads(4, getRange),
  substr: reads(4, getRange),
  setrange: grows(4, setRange),
  incr: grows(2, (context, [key = '']) => add(context, key, 1n)),
  decr: grows(2, (context, [key = '']) => add(context, key, -1n)),
  incrby: grows(3, (context, [key = '', by = '']) => add(context, key, parseBigInteger(by))),
  decrby: grows(3, (context, [key = '', by = '']) => {
    const amount = parseBigInteger(by)
    if (!isInt64(-amount)) throw new RedisError('ERR decrement would overflow')
    return add(context, key, -amount)
  }),
  incrbyfloat: grows(3, ({ keys }, [key = '', by = '']) => {
    const old = keys.readAs(key, 'string')?.bytes ?? '0'
    return replace({ keys }, key, addDecimals(old, by, 'ERR value is not a valid float'))
  }),
}

function set({ keys, nowMs }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const key = reader.take()
  const bytes = reader.take()
  let condition: 'NX' | 'XX' | undefined
  let answersOld = false
  let expiry: (() => number) | 'keep' | undefined
  reader.options((option) => {
    if (option.takeOption('GET')) answersOld = true
    else if (condition !== 'XX' && option.takeOption('NX')) condition = 'NX'
    else if (condition !== 'NX' && option.takeOption('XX')) condition = 'XX'
    else if (expiry !== undefined) return expiry === 'keep' && option.takeOption('KEEPTTL')
    else if (option.takeOption('KEEPTTL')) expiry = 'keep'
    else {
      expiry = readExpiryOption(option, 'set', nowMs)
      return expiry !== undefined
    }
    return true
  })
  const newExpiry = expiry === 'keep' ? undefined : expiry?.()
  const old = answersOld ? (keys.readAs(key, 'string')?.bytes ?? null) : null
  const exists = keys.read(key) !== undefined
  if (condition === (exists ? 'NX' : 'XX')) return old
  const expiresAt = expiry === 'keep' ? keys.expiresAt(key) : newExpiry
  keys.put(key, new StringValue(bytes), expiresAt)
  return answersOld ? old : OK
}

function setExpiring(
  { keys, nowMs }: CommandContext,
  name: string,
  key: Bytes,
  option: readonly Bytes[],
  bytes: Bytes,
): Reply {
  keys.put(key, new StringValue(bytes), readExpiryOption(new Words(option), name, nowMs)?.())
  return OK
}

function getex({ keys, nowMs }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const key = reader.take()
  let expiry: (() => number) | 'never' | undefined
  reader.options((option) => {
    if (expiry !== undefined) return false
    expiry = option.takeOption('PERSIST') ? 'never' : readExpiryOption(option, 'getex', nowMs)
    return expiry !== undefined
  })
  const value = keys.readAs(key, 'string')
  if (value === undefined) return null
  if (expiry !== undefined) keys.setExpiry(key, expiry === 'never' ? undefined : expiry())
  return value.bytes
}

function getRange(
  { keys }: CommandContext,
  [key = '', from = '', to = '']: readonly Bytes[],
): Reply {
  const start = parseInteger(from)
  const end = parseInteger(to)
  const bytes = keys.readAs(key, 'string')?.bytes ?? ''
  if (start < 0 && end < 0 && start > end) return ''
  const first = Math.max(start < 0 ? bytes.length + start : start, 0)
  const last = Math.max(end < 0 ? bytes.length + end : end, 0)
  return bytes.slice(first, last + 1)
}

function setRange({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const [key, at, bytes] = [wordAt(words, 0), parseInteger(wordAt(words, 1)), wordAt(words, 2)]
  if (at < 0) throw new RedisError('ERR offset is out of range')
  const old = keys.readAs(key, 'string')?.bytes ?? ''
  if (bytes === '') return old.length
  if (at + bytes.length > MAX_STRING_BYTES) {
    throw new RedisError('ERR string exceeds maximum allowed size (proto-max-bulk-len)')
  }
  const padded = old.padEnd(at, '\0')
  return replace({ keys }, key, padded.slice(0, at) + bytes + padded.slice(at + bytes.length))
    .length
}

function add({ keys }: CommandContext, key: Bytes, amount: bigint): Reply {
  const sum = parseBigInteger(keys.readAs(key, 'string')?.bytes ?? '0') + amount
  if (!isInt64(sum)) throw new RedisError('ERR increment or decrement would overflow')
  replace({ keys }, key, String(sum))
  return sum
}

/** Keeps the time of expiry. */
function replace({ keys }: Pick<CommandContext, 'keys'>, key: Bytes, bytes: Bytes): Bytes {
  keys.put(key, new StringValue(bytes), keys.expiresAt(key))
  return bytes
}

export function pairs(name: string, words: readonly Bytes[]): [Bytes, Bytes][] {
  if (words.length % 2 !== 0) throw wrongArity(name)
  const reader = new Words(words)
  const found: [Bytes, Bytes][] = []
  while (reader.left > 0) found.push([reader.take(), reader.take()])
  return found
}
