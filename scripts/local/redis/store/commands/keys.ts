import { type Bytes, OK, RedisError, type Reply } from '../../reply.ts'
import {
  type CommandContext,
  type CommandTable,
  grows,
  reads,
  syntaxError,
  writes,
} from '../command.ts'
import { globMatcher } from '../glob.ts'
import { Words } from '../words.ts'
import { scanKeys } from './scan.ts'

export const KEYS: CommandTable = {
  del: writes(-2, ({ keys }, names) => count(names, (key) => keys.remove(key))),
  unlink: writes(-2, ({ keys }, names) => count(names, (key) => keys.remove(key))),
  exists: reads(-2, ({ keys }, names) => count(names, (key) => keys.read(key) !== undefined)),
  touch: reads(-2, ({ keys }, names) => count(names, (key) => keys.read(key) !== undefined)),
  type: reads(2, ({ keys }, [key = '']) => ({ status: keys.read(key)?.type ?? 'none' })),
  keys: reads(2, ({ keys }, [pattern = '']) => [...keys.names()].filter(globMatcher(pattern))),
  scan: reads(-2, scanKeys),
  dbsize: reads(1, ({ keys }) => keys.count()),
  randomkey: reads(1, ({ keys, random }) => {
    const names = [...keys.names()]
    return names[Math.floor(random() * names.length)] ?? null
  }),
  rename: grows(3, (context, [from = '', to = '']) => {
    rename(context, from, to)
    return OK
  }),
  renamenx: grows(3, (context, [from = '', to = '']) => {
    if (context.keys.read(from) !== undefined && context.keys.read(to) !== undefined) return 0
    rename(context, from, to)
    return 1
  }),
  copy: grows(-3, copy),
  flushdb: writes(-1, flush),
  flushall: writes(-1, flush),
}

function count(names: readonly Bytes[], isCounted: (key: Bytes) => boolean): number {
  return names.filter(isCounted).length
}

function rename({ keys }: CommandContext, from: Bytes, to: Bytes): void {
  const value = keys.read(from)
  if (value === undefined) throw new RedisError('ERR no such key')
  const expiresAt = keys.expiresAt(from)
  keys.remove(from)
  keys.put(to, value, expiresAt)
}

function copy({ keys }: CommandContext, words: readonly Bytes[]): Reply {
  const reader = new Words(words)
  const [from, to] = [reader.take(), reader.take()]
  let replaces = false
  reader.options((option) => {
    replaces = option.takeOption('REPLACE')
    return replaces
  })
  if (from === to) throw new RedisError('ERR source and destination objects are the same')
  const value = keys.read(from)
  if (value === undefined || (keys.read(to) !== undefined && !replaces)) return 0
  keys.put(to, value.clone(), keys.expiresAt(from))
  return 1
}

function flush({ keys }: CommandContext, [mode, ...others]: readonly Bytes[]): Reply {
  if (mode !== undefined && !/^(a?sync)$/i.test(mode)) throw syntaxError()
  if (others.length > 0) throw syntaxError()
  keys.clear()
  return OK
}
