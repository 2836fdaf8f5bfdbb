import type { Bytes, Reply } from '../../reply.ts'
import { type Command, type CommandContext, type CommandTable, grows, reads } from '../command.ts'
import type { Keyspace } from '../keyspace.ts'
import { SortedSet } from '../sorted-set.ts'
import { Words } from '../words.ts'
import { takeKeys } from './sets.ts'
import { rangeSelector, readRangeOptions } from './sorted-set-range.ts'
import { rows } from './sorted-sets.ts'

type Kind = 'union' | 'inter' | 'diff'
type Scores = ReadonlyMap<Bytes, number>

const AGGREGATES = {
  SUM: (a: number, b: number) => {
    const result = a + b
    // As Redis: plus and minus infinity give nothing.
    return Number.isNaN(result) ? 0 : result
  },
  MIN: (a: number, b: number) => Math.min(a, b),
  MAX: (a: number, b: number) => Math.max(a, b),
} as const

export const SORTED_SET_COMBINATIONS: CommandTable = {
  zunion: combined('union'),
  zinter: combined('inter'),
  zdiff: combined('diff'),
  zunionstore: stored('union', 'zunionstore'),
  zinterstore: stored('inter', 'zinterstore'),
  zdiffstore: stored('diff', 'zdiffstore'),
  zintercard: reads(-3, zintercard),
  zrangestore: grows(-5, zrangestore),
}

function combined(kind: Kind): Command {
  return reads(-3, ({ keys }, words) => {
    const { result, withScores } = combine(keys, kind, `z${kind}`, new Words(words), true)
    return rows(result.items, withScores)
  })
}

function stored(kind: Kind, name: string): Command {
  return grows(-4, ({ keys }, [to = '', ...words]) => {
    return store(keys, to, combine(keys, kind, name, new Words(words), false).result)
  })
}

function store(keys: Keyspace, to: Bytes, result: SortedSet): number {
  if (result.size === 0) keys.remove(to)
  else keys.put(to, result)
  return result.size
}

function combine(keys: Keyspace, kind: Kind, name: string, words: Words, takesScores: boolean) {
  const names = takeKeys(words, needsKeys(name))
  const sources = names.map((key) => scoresOf(keys, key))
  let weights: number[] = names.map(() => 1)
  let aggregate: (a: number, b: number) => number = AGGREGATES.SUM
  let withScores = false
  words.options((option) => {
    if (takesScores && option.takeOption('WITHSCORES')) withScores = true
    else if (kind === 'diff') return false
    else if (option.left > names.length && option.takeOption('WEIGHTS')) {
      weights = names.map(() => option.float('ERR weight value is not a float'))
    } else if (option.left > 1 && option.takeOption('AGGREGATE')) {
      const found = Object.entries(AGGREGATES).find(([word]) => option.takeOption(word))
      if (found === undefined) return false
      aggregate = found[1]
    } else return false
    return true
  })
  const weighted = sources.map((source, i) => weigh(source, weights[i] ?? 1))
  const result = new SortedSet()
  for (const [member, score] of merge(kind, weighted, aggregate)) result.set(member, score)
  return { result, withScores }
}

function needsKeys(name: string): string {
  return `at least 1 input key is needed for '${name}' command`
}

/** A set counts as a sorted one whose members all have the score 1. */
function scoresOf(keys: Keyspace, key: Bytes): Scores {
  const value = keys.read(key)
  if (value === undefined) return new Map()
  if (value.type === 'set') return new Map([...value.members].map((member) => [member, 1]))
  return new Map(keys.readAs(key, 'zset')?.items.map(({ member, score }) => [member, score]))
}

function weigh(source: Scores, weight: number): Scores {
  return new Map(
    [...source].map(([member, score]) => {
      const weighted = score * weight
      return [member, Number.isNaN(weighted) ? 0 : weighted]
    }),
  )
}

function merge(
  kind: Kind,
  sources: readonly Scores[],
  aggregate: (a: number, b: number) => number,
): Scores {
  const [first = new Map<Bytes, number>(), ...others] = sources
  const result = new Map(first)
  for (const other of others) {
    if (kind === 'diff') for (const member of other.keys()) result.delete(member)
    if (kind === 'inter') {
      for (const member of result.keys()) if (!other.has(member)) result.delete(member)
    }
    if (kind === 'diff') continue
    for (const [member, score] of other) {
      const old = result.get(member)
      if (old !== undefined) result.set(member, aggregate(old, score))
      else if (kind === 'union') result.set(member, score)
    }
  }
  return result
}

function zintercard({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const sources = takeKeys(reader, needsKeys('zintercard')).map((key) => scoresOf(keys, key))
  let limit = 0
  reader.options((option) => {
    if (!option.takeOption('LIMIT')) return false
    limit = option.atLeast(0, "ERR LIMIT can't be negative")
    return true
  })
  const { size } = merge('inter', sources, AGGREGATES.SUM)
  return limit === 0 ? size : Math.min(size, limit)
}

function zrangestore({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const [to = '', from = '', start = '', end = '', ...options] = words
  const { range } = readRangeOptions(new Words(options), start, end, { takesScores: false })
  const result = new SortedSet()
  const select = rangeSelector(range)
  for (const { member, score } of select(keys.readAs(from, 'zset')?.items ?? [])) {
    result.set(member, score)
  }
  return store(keys, to, result)
}
