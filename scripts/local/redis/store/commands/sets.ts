import { type Bytes, RedisError, type Reply } from '../../reply.ts'
import {
  type Command,
  type CommandContext,
  type CommandTable,
  grows,
  reads,
  syntaxError,
  writes,
} from '../command.ts'
import type { Keyspace } from '../keyspace.ts'
import { MUST_BE_POSITIVE, parseAtLeast, parseInteger } from '../numbers.ts'
import { pickDistinct, pickRepeating } from '../pick.ts'
import { SetValue } from '../values.ts'
import { Words } from '../words.ts'
import { scanValue } from './scan.ts'

type Combine = (keys: Keyspace, names: readonly Bytes[]) => Set<Bytes>

const NONE: ReadonlySet<Bytes> = new Set()

export const SETS: CommandTable = {
  sadd: grows(-3, ({ keys }, [key = '', ...members]) => {
    const set = keys.writeAs(key, 'set')
    return members.filter((member) => set.add(member)).length
  }),
  srem: writes(-3, ({ keys }, [key = '', ...members]) => {
    if (keys.readAs(key, 'set') === undefined) return 0
    const set = keys.writeAs(key, 'set')
    return members.filter((member) => set.delete(member)).length
  }),
  smembers: reads(2, ({ keys }, [key = '']) => [...membersOf(keys, key)]),
  scard: reads(2, ({ keys }, [key = '']) => membersOf(keys, key).size),
  sismember: reads(3, ({ keys }, [key = '', member = '']) => {
    return membersOf(keys, key).has(member) ? 1 : 0
  }),
  smismember: reads(-3, ({ keys }, [key = '', ...members]) => {
    const set = membersOf(keys, key)
    return members.map((member) => (set.has(member) ? 1 : 0))
  }),
  smove: grows(4, ({ keys }, [from = '', to = '', member = '']) => {
    const source = keys.readAs(from, 'set')
    if (source === undefined) return 0
    keys.readAs(to, 'set')
    if (!source.members.has(member)) return 0
    if (from === to) return 1
    keys.writeAs(from, 'set').delete(member)
    keys.writeAs(to, 'set').add(member)
    return 1
  }),
  spop: writes(-2, spop),
  srandmember: reads(-2, srandmember),
  sinter: combined(inter),
  sunion: combined(union),
  sdiff: combined(diff),
  sinterstore: stored(inter),
  sunionstore: stored(union),
  sdiffstore: stored(diff),
  sintercard: reads(-3, sintercard),
  sscan: reads(-3, ({ keys }, [key = '', ...options]) => {
    return scanValue(options, () => {
      const set = keys.readAs(key, 'set')
      return set && { set, row: (member) => [member] }
    })
  }),
}

function membersOf(keys: Keyspace, key: Bytes): ReadonlySet<Bytes> {
  return keys.readAs(key, 'set')?.members ?? NONE
}

function spop(
  { keys, random }: CommandContext,
  [key = '', amount, extra]: readonly Bytes[],
): Reply {
  if (extra !== undefined) throw syntaxError()
  const count = amount === undefined ? 1 : parseAtLeast(amount, 0, MUST_BE_POSITIVE)
  const picked = pickDistinct([...membersOf(keys, key)], count, random)
  if (picked.length > 0) {
    const set = keys.writeAs(key, 'set')
    for (const member of picked) set.delete(member)
  }
  return amount === undefined ? (picked[0] ?? null) : picked
}

function srandmember({ keys, random }: CommandContext, words: readonly Bytes[]): Reply {
  const [key = '', amount, extra] = words
  if (extra !== undefined) throw syntaxError()
  const count = amount === undefined ? 1 : parseInteger(amount)
  const members = [...membersOf(keys, key)]
  if (amount === undefined) return pickDistinct(members, 1, random)[0] ?? null
  if (count < 0) return pickRepeating(members, -count, random)
  return pickDistinct(members, count, random)
}

function inter(keys: Keyspace, names: readonly Bytes[]): Set<Bytes> {
  const [first = NONE, ...others] = names.map((key) => membersOf(keys, key))
  return new Set([...first].filter((member) => others.every((other) => other.has(member))))
}

function union(keys: Keyspace, names: readonly Bytes[]): Set<Bytes> {
  return new Set(names.flatMap((key) => [...membersOf(keys, key)]))
}

function diff(keys: Keyspace, names: readonly Bytes[]): Set<Bytes> {
  const [first = NONE, ...others] = names.map((key) => membersOf(keys, key))
  return new Set([...first].filter((member) => !others.some((other) => other.has(member))))
}

function combined(combine: Combine): Command {
  return reads(-2, ({ keys }, names) => [...combine(keys, names)])
}

function stored(combine: Combine): Command {
  return grows(-3, ({ keys }, [to = '', ...names]) => {
    const result = new SetValue()
    for (const member of combine(keys, names)) result.add(member)
    if (result.size === 0) keys.remove(to)
    else keys.put(to, result)
    return result.size
  })
}

function sintercard({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const names = takeKeys(reader)
  let limit = 0
  reader.options((option) => {
    if (!option.takeOption('LIMIT')) return false
    limit = option.atLeast(0, "ERR LIMIT can't be negative")
    return true
  })
  const { size } = inter(keys, names)
  return limit === 0 ? size : Math.min(size, limit)
}

/** A count and so many keys. */
export function takeKeys(words: Words, wording = 'numkeys should be greater than 0'): Bytes[] {
  const count = words.atLeast(1, `ERR ${wording}`)
  if (count > words.left) {
    throw new RedisError("ERR Number of keys can't be greater than number of args")
  }
  return words.takeMany(count)
}
