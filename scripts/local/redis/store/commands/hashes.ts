import { type Bytes, OK, RedisError, type Reply } from '../../reply.ts'
import { type CommandContext, type CommandTable, grows, reads, writes } from '../command.ts'
import { addDecimals } from '../decimal.ts'
import { isInt64, parseBigInteger, parseFloat64, readInteger } from '../numbers.ts'
import { pickDistinct, pickRepeating } from '../pick.ts'
import { Words } from '../words.ts'
import { scanValue } from './scan.ts'
import { pairs } from './strings.ts'

export const HASHES: CommandTable = {
  hget: reads(3, ({ keys }, [key = '', field = '']) => {
    return keys.readAs(key, 'hash')?.fields.get(field) ?? null
  }),
  hmget: reads(-3, ({ keys }, [key = '', ...names]) => {
    const hash = keys.readAs(key, 'hash')
    return names.map((field) => hash?.fields.get(field) ?? null)
  }),
  hgetall: reads(2, ({ keys }, [key = '']) => [...(fieldsOf(keys, key) ?? [])].flat()),
  hkeys: reads(2, ({ keys }, [key = '']) => [...(fieldsOf(keys, key)?.keys() ?? [])]),
  hvals: reads(2, ({ keys }, [key = '']) => [...(fieldsOf(keys, key)?.values() ?? [])]),
  hlen: reads(2, ({ keys }, [key = '']) => fieldsOf(keys, key)?.size ?? 0),
  hexists: reads(3, ({ keys }, [key = '', field = '']) => {
    return fieldsOf(keys, key)?.has(field) ? 1 : 0
  }),
  hstrlen: reads(3, ({ keys }, [key = '', field = '']) => {
    return fieldsOf(keys, key)?.get(field)?.length ?? 0
  }),
  hset: grows(-4, (context, words) => hset(context, 'hset', words)),
  hmset: grows(-4, (context, words) => {
    hset(context, 'hmset', words)
    return OK
  }),
  hsetnx: grows(4, ({ keys }, [key = '', field = '', value = '']) => {
    if (fieldsOf(keys, key)?.has(field)) return 0
    keys.writeAs(key, 'hash').set(field, value)
    return 1
  }),
  hdel: writes(-3, ({ keys }, [key = '', ...names]) => {
    if (keys.readAs(key, 'hash') === undefined) return 0
    const hash = keys.writeAs(key, 'hash')
    return names.filter((field) => hash.delete(field)).length
  }),
  hincrby: grows(4, ({ keys }, [key = '', field = '', by = '']) => {
    const amount = parseBigInteger(by)
    const old = readInteger(fieldsOf(keys, key)?.get(field) ?? '0')
    if (old === undefined) throw new RedisError('ERR hash value is not an integer')
    const sum = old + amount
    if (!isInt64(sum)) throw new RedisError('ERR increment or decrement would overflow')
    keys.writeAs(key, 'hash').set(field, String(sum))
    return sum
  }),
  hincrbyfloat: grows(4, ({ keys }, [key = '', field = '', by = '']) => {
    parseFloat64(by)
    const old = fieldsOf(keys, key)?.get(field) ?? '0'
    const sum = addDecimals(old, by, 'ERR hash value is not a float')
    keys.writeAs(key, 'hash').set(field, sum)
    return sum
  }),
  hrandfield: reads(-2, hrandfield),
  hscan: reads(-3, ({ keys }, [key = '', ...options]) => {
    return scanValue(options, () => {
      const hash = keys.readAs(key, 'hash')
      return hash && { set: hash, row: (field) => [field, hash.fields.get(field) ?? ''] }
    })
  }),
}

function fieldsOf(keys: CommandContext['keys'], key: Bytes): ReadonlyMap<Bytes, Bytes> | undefined {
  return keys.readAs(key, 'hash')?.fields
}

function fieldList(keys: CommandContext['keys'], key: Bytes): [Bytes, Bytes][] {
  return [...(fieldsOf(keys, key) ?? [])]
}

function hset({ keys }: CommandContext, name: string, [key = '', ...words]: readonly Bytes[]) {
  const wanted = pairs(name, words)
  const hash = keys.writeAs(key, 'hash')
  return wanted.filter(([field, value]) => hash.set(field, value)).length
}

function hrandfield({ keys, random }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const key = reader.take()
  if (reader.left === 0) return pickDistinct(fieldList(keys, key), 1, random)[0]?.[0] ?? null
  const count = reader.integer()
  let withValues = false
  reader.options((option) => {
    withValues = option.takeOption('WITHVALUES')
    return withValues
  })
  const fields = fieldList(keys, key)
  const picked =
    count < 0 ? pickRepeating(fields, -count, random) : pickDistinct(fields, count, random)
  return picked.flatMap(([field, value]) => (withValues ? [field, value] : [field]))
}
