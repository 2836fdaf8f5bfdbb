import { type Bytes, OK, RedisError, type Reply } from '../../reply.ts'
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
import { sliceRange } from '../range.ts'
import { Words } from '../words.ts'
import { takeKeys } from './sets.ts'

type End = 'left' | 'right'

export const LISTS: CommandTable = {
  lpush: push('left', false),
  rpush: push('right', false),
  lpushx: push('left', true),
  rpushx: push('right', true),
  lpop: pop('left'),
  rpop: pop('right'),
  llen: reads(2, ({ keys }, [key = '']) => itemsOf(keys, key).length),
  lindex: reads(3, ({ keys }, [key = '', index = '']) => {
    const items = itemsOf(keys, key)
    return items.length === 0 ? null : (items.at(parseInteger(index)) ?? null)
  }),
  lrange: reads(4, ({ keys }, [key = '', from = '', to = '']) => {
    const [start, end] = [parseInteger(from), parseInteger(to)]
    return sliceRange(itemsOf(keys, key), start, end)
  }),
  ltrim: writes(4, ({ keys }, [key = '', from = '', to = '']) => {
    const [start, end] = [parseInteger(from), parseInteger(to)]
    const items = itemsOf(keys, key)
    if (items.length > 0) keys.writeAs(key, 'list').replace(sliceRange(items, start, end))
    return OK
  }),
  lset: grows(4, lset),
  lrem: writes(4, lrem),
  linsert: grows(5, linsert),
  lpos: reads(-3, lpos),
  lmove: grows(5, (context, [from = '', to = '', source = '', target = '']) => {
    return move(context.keys, from, to, endOf(source), endOf(target))
  }),
  rpoplpush: grows(3, ({ keys }, [from = '', to = '']) => move(keys, from, to, 'right', 'left')),
  lmpop: writes(-4, lmpop),
}

function itemsOf(keys: Keyspace, key: Bytes): readonly Bytes[] {
  return keys.readAs(key, 'list')?.items ?? []
}

function push(end: End, onlyExisting: boolean): Command {
  return grows(-3, ({ keys }, [key = '', ...items]) => {
    if (keys.readAs(key, 'list') === undefined && onlyExisting) return 0
    const list = keys.writeAs(key, 'list')
    for (const item of items) list.push(end, item)
    return list.size
  })
}

function pop(end: End): Command {
  return writes(-2, ({ keys }, [key = '', amount, extra]) => {
    if (extra !== undefined) throw syntaxErrorFor(end)
    const count = amount === undefined ? 1 : parseAtLeast(amount, 0, MUST_BE_POSITIVE)
    if (keys.readAs(key, 'list') === undefined) return null
    const items = popMany(keys, key, end, count)
    return amount === undefined ? (items[0] ?? null) : items
  })
}

function syntaxErrorFor(end: End): RedisError {
  const name = end === 'left' ? 'lpop' : 'rpop'
  return new RedisError(`ERR wrong number of arguments for '${name}' command`)
}

function popMany(keys: Keyspace, key: Bytes, end: End, count: number): Bytes[] {
  const list = keys.writeAs(key, 'list')
  const items: Bytes[] = []
  while (items.length < count) {
    const item = list.pop(end)
    if (item === undefined) break
    items.push(item)
  }
  return items
}

function lset({ keys }: CommandContext, [key = '', at = '', item = '']: readonly Bytes[]): Reply {
  const items = [...itemsOf(keys, key)]
  if (items.length === 0) throw new RedisError('ERR no such key')
  const index = parseInteger(at)
  const position = index < 0 ? items.length + index : index
  if (position < 0 || position >= items.length) throw new RedisError('ERR index out of range')
  items[position] = item
  keys.writeAs(key, 'list').replace(items)
  return OK
}

/** A positive count removes from the head, a negative one from the tail, 0 all. */
function lrem({ keys }: CommandContext, [key = '', amount = '', item = '']: readonly Bytes[]) {
  const count = parseInteger(amount)
  const items = itemsOf(keys, key)
  const ordered = count < 0 ? items.toReversed() : items
  let left = count === 0 ? items.length : Math.abs(count)
  const kept = ordered.filter((other) => other !== item || left-- <= 0)
  if (kept.length === items.length) return 0
  keys.writeAs(key, 'list').replace(count < 0 ? kept.reverse() : kept)
  return items.length - kept.length
}

function linsert({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const [key = '', where = '', pivot = '', item = ''] = words
  const offset = { BEFORE: 0, AFTER: 1 }[where.toUpperCase()]
  if (offset === undefined) throw syntaxError()
  const items = itemsOf(keys, key)
  if (items.length === 0) return 0
  const index = items.indexOf(pivot)
  if (index < 0) return -1
  keys.writeAs(key, 'list').replace(items.toSpliced(index + offset, 0, item))
  return items.length + 1
}

function lpos({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const [key, item] = [reader.take(), reader.take()]
  let rank = 1
  let count: number | undefined
  let maxLength = 0
  reader.options((option) => {
    if (option.takeOption('RANK')) rank = readRank(option)
    else if (option.takeOption('COUNT')) count = option.atLeast(0, "ERR COUNT can't be negative")
    else if (option.takeOption('MAXLEN'))
      maxLength = option.atLeast(0, "ERR MAXLEN can't be negative")
    else return false
    return true
  })
  const found = positions(itemsOf(keys, key), item, rank < 0, maxLength)
  const ranked = found.slice(Math.abs(rank) - 1)
  if (count === undefined) return ranked[0] ?? null
  return count === 0 ? ranked : ranked.slice(0, count)
}

function readRank(words: Words): number {
  const rank = words.integer()
  if (rank !== 0) return rank
  throw new RedisError(
    "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... " +
      'or use negative to start from the end of the list',
  )
}

function positions(items: readonly Bytes[], item: Bytes, fromEnd: boolean, maxLength: number) {
  const found: number[] = []
  const examined = maxLength === 0 ? items.length : Math.min(maxLength, items.length)
  for (let i = 0; i < examined; i++) {
    const index = fromEnd ? items.length - 1 - i : i
    if (items[index] === item) found.push(index)
  }
  return found
}

function endOf(word: Bytes): End {
  const name = word.toUpperCase()
  if (name === 'LEFT') return 'left'
  if (name === 'RIGHT') return 'right'
  throw syntaxError()
}

function move(keys: Keyspace, from: Bytes, to: Bytes, source: End, target: End): Reply {
  if (keys.readAs(from, 'list') === undefined) return null
  keys.readAs(to, 'list')
  const item = keys.writeAs(from, 'list').pop(source)
  if (item === undefined) return null
  keys.writeAs(to, 'list').push(target, item)
  return item
}

function lmpop({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const names = takeKeys(reader)
  const end = endOf(reader.take())
  let count = 1
  reader.options((option) => {
    if (!option.takeOption('COUNT')) return false
    count = option.atLeast(1, 'ERR count should be greater than 0')
    return true
  })
  const key = names.find((name) => itemsOf(keys, name).length > 0)
  return key === undefined ? null : [key, popMany(keys, key, end, count)]
}
