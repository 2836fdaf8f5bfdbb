import { type Bytes, RedisError } from '../../reply.ts'
import { parseFloat64, parseInteger } from '../numbers.ts'
import { sliceRange } from '../range.ts'
import type { Scored } from '../sorted-set.ts'
import type { Words } from '../words.ts'

export type RangeBy = 'rank' | 'score' | 'lex'

/** Which part of a sorted set a command means. */
export type Range = {
  readonly by: RangeBy
  readonly isReversed: boolean
  /** As given: with `isReversed` the higher end comes first, unless by rank. */
  readonly from: Bytes
  readonly to: Bytes
  readonly limit: { readonly offset: number; readonly count: number } | undefined
}

type Test = (item: Scored) => boolean

/** Reads the options of ZRANGE and its older relatives after the two ends. */
export function readRangeOptions(
  words: Words,
  from: Bytes,
  to: Bytes,
  fixed: { readonly by?: RangeBy; readonly isReversed?: boolean; readonly takesScores: boolean },
): { readonly range: Range; readonly withScores: boolean } {
  let { by, isReversed } = fixed
  let withScores = false
  let limit: Range['limit']
  words.options((option) => {
    if (fixed.takesScores && option.takeOption('WITHSCORES')) withScores = true
    else if (option.takeOption('LIMIT')) {
      limit = { offset: option.integer(), count: option.integer() }
    } else if (by === undefined && option.takeOption('BYSCORE')) by = 'score'
    else if (by === undefined && option.takeOption('BYLEX')) by = 'lex'
    else if (isReversed === undefined && option.takeOption('REV')) isReversed = true
    else return false
    return true
  })
  const range = { by: by ?? 'rank', isReversed: isReversed ?? false, from, to, limit }
  // A count of -1 is the default, which Redis cannot tell from no LIMIT.
  if (limit !== undefined && limit.count !== -1 && range.by === 'rank') {
    throw new RedisError(
      'ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX',
    )
  }
  if (withScores && range.by === 'lex') {
    throw new RedisError('ERR syntax error, WITHSCORES not supported in combination with BYLEX')
  }
  return { range, withScores }
}

/** Returns how to select a range, so that bad ends are refused before the key is looked at. */
export function rangeSelector(range: Range): (items: readonly Scored[]) => readonly Scored[] {
  const { by, isReversed, from, to, limit } = range
  if (by === 'rank') {
    const [start, end] = [parseInteger(from), parseInteger(to)]
    return (items) => sliceRange(isReversed ? items.toReversed() : items, start, end)
  }
  const [min, max] = isReversed ? [to, from] : [from, to]
  const isInside = by === 'score' ? scoreTest(min, max) : lexTest(min, max)
  return (items) => {
    const inside = items.filter(isInside)
    return limited(isReversed ? inside.reverse() : inside, limit)
  }
}

function limited(items: readonly Scored[], limit: Range['limit']): readonly Scored[] {
  if (limit === undefined) return items
  const { offset, count } = limit
  if (offset < 0) return []
  return items.slice(offset, count < 0 ? undefined : offset + count)
}

function scoreTest(min: Bytes, max: Bytes): Test {
  const low = readScoreEnd(min)
  const high = readScoreEnd(max)
  return ({ score }) =>
    (low.isIncluded ? score >= low.score : score > low.score) &&
    (high.isIncluded ? score <= high.score : score < high.score)
}

function readScoreEnd(text: Bytes): { readonly score: number; readonly isIncluded: boolean } {
  const isIncluded = !text.startsWith('(')
  const score = parseFloat64(isIncluded ? text : text.slice(1), 'ERR min or max is not a float')
  return { score, isIncluded }
}

function lexTest(min: Bytes, max: Bytes): Test {
  const isAbove = lexEnd(min, (member, end) => member > end)
  const isBelow = lexEnd(max, (member, end) => member < end)
  return ({ member }) => isAbove(member, '-') && isBelow(member, '+')
}

/** A test of one end, told which of `-` and `+` has no limit on its side. */
function lexEnd(text: Bytes, isBeyond: (member: Bytes, end: Bytes) => boolean) {
  const end = text.slice(1)
  if (text === '-' || text === '+') return (_: Bytes, open: string) => text === open
  if (text.startsWith('[')) return (member: Bytes) => member === end || isBeyond(member, end)
  if (text.startsWith('(')) return (member: Bytes) => isBeyond(member, end)
  throw new RedisError('ERR min or max not valid string range item')
}
