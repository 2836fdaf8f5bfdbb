import { type Bytes, RedisError, type Reply } from '../../reply.ts'
import { type CommandContext, syntaxError } from '../command.ts'
import { floatText, parseFloat64 } from '../numbers.ts'
import { Words } from '../words.ts'

type Options = {
  readonly onlyNew: boolean
  readonly onlyOld: boolean
  readonly onlyGreater: boolean
  readonly onlyLess: boolean
  /** Whether to answer how many changed, instead of how many are new. */
  readonly countsChanges: boolean
  readonly increments: boolean
}

export function zadd({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const key = reader.take()
  const options = readOptions(reader)
  const wanted = readPairs(reader, options)
  const set = keys.readAs(key, 'zset')
  if (set === undefined && options.onlyOld) return options.increments ? null : 0
  let added = 0
  let changed = 0
  let last: number | undefined
  for (const [amount, member] of wanted) {
    const old = keys.readAs(key, 'zset')?.score(member)
    const score = decide(old, amount, options)
    last = score
    if (score === undefined) continue
    if (old === undefined) added++
    else if (old !== score) changed++
    keys.writeAs(key, 'zset').set(member, score)
  }
  if (options.increments) return last === undefined ? null : floatText(last)
  return options.countsChanges ? added + changed : added
}

export function zincrby({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const [key = '', by = '', member = ''] = words
  const amount = parseFloat64(by)
  const old = keys.readAs(key, 'zset')?.score(member)
  const score = sum(old ?? 0, amount)
  keys.writeAs(key, 'zset').set(member, score)
  return floatText(score)
}

function readOptions(words: Words): Options {
  const chosen = new Set<string>()
  const names = ['NX', 'XX', 'GT', 'LT', 'CH', 'INCR']
  for (;;) {
    const name = names.find((option) => words.takeOption(option))
    if (name === undefined) break
    chosen.add(name)
  }
  if (chosen.has('NX') && chosen.has('XX')) {
    throw new RedisError('ERR XX and NX options at the same time are not compatible')
  }
  if (['GT', 'LT', 'NX'].filter((name) => chosen.has(name)).length > 1) {
    throw new RedisError('ERR GT, LT, and/or NX options at the same time are not compatible')
  }
  return {
    onlyNew: chosen.has('NX'),
    onlyOld: chosen.has('XX'),
    onlyGreater: chosen.has('GT'),
    onlyLess: chosen.has('LT'),
    countsChanges: chosen.has('CH'),
    increments: chosen.has('INCR'),
  }
}

function readPairs(words: Words, { increments }: Options): [number, Bytes][] {
  if (words.left === 0 || words.left % 2 !== 0) throw syntaxError()
  if (increments && words.left > 2) {
    throw new RedisError('ERR INCR option supports a single increment-element pair')
  }
  const found: [number, Bytes][] = []
  while (words.left > 0) found.push([words.float(), words.take()])
  return found
}

/** The member's new score, or undefined when it stays as it is. */
function decide(old: number | undefined, amount: number, options: Options): number | undefined {
  if (old === undefined) return options.onlyOld ? undefined : amount
  if (options.onlyNew) return undefined
  const score = options.increments ? sum(old, amount) : amount
  if (options.onlyGreater && score <= old) return undefined
  return options.onlyLess && score >= old ? undefined : score
}

function sum(a: number, b: number): number {
  const result = a + b
  if (Number.isNaN(result)) throw new RedisError('ERR resulting score is not a number (NaN)')
  return result
}
