import { type Bytes, RedisError, type Reply } from '../../reply.ts'
import { type CommandContext, syntaxError } from '../command.ts'
import { globMatcher } from '../glob.ts'
import { type Scannable, scanFrom } from '../scan-order.ts'
import { Words } from '../words.ts'

const DEFAULT_COUNT = 10

type ScanOptions = {
  readonly cursor: number
  readonly count: number
  readonly matches: (name: Bytes) => boolean
  /** In small letters; of SCAN only. */
  readonly type: string | undefined
}

export function readScanOptions(words: readonly Bytes[], takesType = false): ScanOptions {
  const reader = new Words(words)
  const cursor = readCursor(reader.take())
  let count = DEFAULT_COUNT
  let matches = (_: Bytes) => true
  let type: string | undefined
  reader.options((option) => {
    if (option.takeOption('COUNT')) {
      count = option.integer()
      if (count < 1) throw syntaxError()
    } else if (option.takeOption('MATCH')) matches = globMatcher(option.take())
    else if (takesType && option.takeOption('TYPE')) type = option.take().toLowerCase()
    else return false
    return true
  })
  return { cursor, count, matches, type }
}

type Rows = {
  readonly set: Scannable
  /** What stands for a name in the answer. */
  readonly row: (name: Bytes) => readonly Bytes[]
}

/** HSCAN, SSCAN and ZSCAN; `find` looks the key up once the options are known to be right. */
export function scanValue(options: readonly Bytes[], find: () => Rows | undefined): Reply {
  const { cursor, count, matches } = readScanOptions(options)
  const found = find()
  if (found === undefined) return ['0', []]
  const scanned = scanFrom(found.set, cursor, count)
  return [String(scanned.cursor), scanned.names.filter(matches).flatMap(found.row)]
}

export function scanKeys({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const { cursor, count, matches, type } = readScanOptions(words, true)
  keys.sweep()
  const scanned = scanFrom(keys, cursor, count)
  const names = scanned.names.filter(
    (name) => matches(name) && (type === undefined || keys.read(name)?.type === type),
  )
  return [String(scanned.cursor), names]
}

function readCursor(text: Bytes): number {
  if (!/^\d{1,19}$/.test(text)) throw new RedisError('ERR invalid cursor')
  return Number(text)
}
