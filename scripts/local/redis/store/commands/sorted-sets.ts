import type { Bytes, Reply } from '../../reply.ts'
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
import { floatText, MUST_BE_POSITIVE, parseAtLeast } from '../numbers.ts'
import { pickDistinct, pickRepeating } from '../pick.ts'
import type { Scored } from '../sorted-set.ts'
import { Words } from '../words.ts'
import { scanValue } from './scan.ts'
import { takeKeys } from './sets.ts'
import { zadd, zincrby } from './sorted-set-add.ts'
import { type RangeBy, rangeSelector, readRangeOptions } from './sorted-set-range.ts'

export const SORTED_SETS: CommandTable = {
  zadd: grows(-4, zadd),
  zincrby: grows(4, zincrby),
  zrem: writes(-3, ({ keys }, [key = '', ...members]) => {
    if (keys.readAs(key, 'zset') === undefined) return 0
    const set = keys.writeAs(key, 'zset')
    return members.filter((member) => set.delete(member)).length
  }),
  zcard: reads(2, ({ keys }, [key = '']) => keys.readAs(key, 'zset')?.size ?? 0),
  zscore: reads(3, ({ keys }, [key = '', member = '']) => scoreOf(keys, key, member)),
  zmscore: reads(-3, ({ keys }, [key = '', ...members]) =>
    members.map((member) => scoreOf(keys, key, member)),
  ),
  zrank: reads(3, ({ keys }, [key = '', member = '']) => {
    return keys.readAs(key, 'zset')?.rank(member) ?? null
  }),
  zrevrank: reads(3, ({ keys }, [key = '', member = '']) => {
    const set = keys.readAs(key, 'zset')
    const rank = set?.rank(member)
    return set === undefined || rank === undefined ? null : set.size - 1 - rank
  }),
  zcount: counted('score'),
  zlexcount: counted('lex'),
  zrange: ranged({ takesScores: true }),
  zrevrange: ranged({ by: 'rank', isReversed: true, takesScores: true }),
  zrangebyscore: ranged({ by: 'score', isReversed: false, takesScores: true }),
  zrevrangebyscore: ranged({ by: 'score', isReversed: true, takesScores: true }),
  zrangebylex: ranged({ by: 'lex', isReversed: false, takesScores: true }),
  zrevrangebylex: ranged({ by: 'lex', isReversed: true, takesScores: true }),
  zremrangebyrank: removed('rank'),
  zremrangebyscore: removed('score'),
  zremrangebylex: removed('lex'),
  zpopmin: popped('lowest'),
  zpopmax: popped('highest'),
  zmpop: writes(-4, zmpop),
  zrandmember: reads(-2, zrandmember),
  zscan: reads(-3, ({ keys }, [key = '', ...options]) => {
    return scanValue(options, () => {
      const set = keys.readAs(key, 'zset')
      return set && { set, row: (name) => [name, floatText(set.score(name) ?? 0)] }
    })
  }),
}

function scoreOf(keys: Keyspace, key: Bytes, member: Bytes): Reply {
  const score = keys.readAs(key, 'zset')?.score(member)
  return score === undefined ? null : floatText(score)
}

/** Members, each followed by its score when that is wanted. */
export function rows(items: readonly Scored[], withScores: boolean): Bytes[] {
  return items.flatMap(({ member, score }) => (withScores ? [member, floatText(score)] : [member]))
}

function itemsOf(keys: Keyspace, key: Bytes): readonly Scored[] {
  return keys.readAs(key, 'zset')?.items ?? []
}

function ranged(fixed: Parameters<typeof readRangeOptions>[3]): Command {
  return reads(-4, ({ keys }, [key = '', from = '', to = '', ...options]) => {
    const { range, withScores } = readRangeOptions(new Words(options), from, to, fixed)
    const select = rangeSelector(range)
    return rows(select(itemsOf(keys, key)), withScores)
  })
}

function counted(by: RangeBy): Command {
  return reads(4, ({ keys }, [key = '', from = '', to = '']) => {
    const select = rangeSelector({ by, isReversed: false, from, to, limit: undefined })
    return select(itemsOf(keys, key)).length
  })
}

function removed(by: RangeBy): Command {
  return writes(4, ({ keys }, [key = '', from = '', to = '']) => {
    const select = rangeSelector({ by, isReversed: false, from, to, limit: undefined })
    return removeItems(keys, key, select(itemsOf(keys, key))).length
  })
}

function removeItems(keys: Keyspace, key: Bytes, items: readonly Scored[]): readonly Scored[] {
  if (items.length === 0) return items
  const set = keys.writeAs(key, 'zset')
  for (const { member } of items) set.delete(member)
  return items
}

function popItems(keys: Keyspace, key: Bytes, end: 'lowest' | 'highest', count: number) {
  const items = itemsOf(keys, key)
  const ordered = end === 'lowest' ? items : items.toReversed()
  return removeItems(keys, key, ordered.slice(0, count))
}

function popped(end: 'lowest' | 'highest'): Command {
  return writes(-2, ({ keys }, [key = '', amount, extra]) => {
    if (extra !== undefined) throw syntaxError()
    const count = amount === undefined ? 1 : parseAtLeast(amount, 0, MUST_BE_POSITIVE)
    return rows(popItems(keys, key, end, count), true)
  })
}

function zmpop({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const names = takeKeys(reader)
  const end = endOf(reader)
  let count = 1
  reader.options((option) => {
    if (!option.takeOption('COUNT')) return false
    count = option.atLeast(1, 'ERR count should be greater than 0')
    return true
  })
  const key = names.find((name) => itemsOf(keys, name).length > 0)
  if (key === undefined) return null
  const items = popItems(keys, key, end, count)
  return [key, items.map(({ member, score }) => [member, floatText(score)])]
}

function endOf(words: Words): 'lowest' | 'highest' {
  if (words.takeOption('MIN')) return 'lowest'
  if (words.takeOption('MAX')) return 'highest'
  throw syntaxError()
}

function zrandmember({ keys, random }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const key = reader.take()
  if (reader.left === 0) return pickDistinct(itemsOf(keys, key), 1, random)[0]?.member ?? null
  const count = reader.integer()
  let withScores = false
  reader.options((option) => {
    withScores = option.takeOption('WITHSCORES')
    return withScores
  })
  const items = itemsOf(keys, key)
  const picked =
    count < 0 ? pickRepeating(items, -count, random) : pickDistinct(items, count, random)
  return rows(picked, withScores)
}
