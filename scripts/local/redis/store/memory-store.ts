import type { Mishap, RedisBackend, RedisCommand } from '../backend.ts'
import { type Bytes, RedisError, type Reply } from '../reply.ts'
import { type Command, type CommandContext, MAX_NAME, wrongArity } from './command.ts'
import { EXPIRY } from './commands/expiry.ts'
import { HASHES } from './commands/hashes.ts'
import { KEYS } from './commands/keys.ts'
import { LISTS } from './commands/lists.ts'
import { scriptCommands } from './commands/scripts.ts'
import { SERVER } from './commands/server.ts'
import { SETS } from './commands/sets.ts'
import { SORTED_SET_COMBINATIONS } from './commands/sorted-set-combine.ts'
import { SORTED_SETS } from './commands/sorted-sets.ts'
import { STRINGS } from './commands/strings.ts'
import { type Before, type EntryBefore, Keyspace } from './keyspace.ts'
import { MISSING } from './missing.ts'

export type MemoryStoreOptions = {
  /** About how much keys and values may take; default 64 MiB. */
  readonly maxBytes?: number
  /**
   * When that is reached: `allkeys-lru` forgets what was used least recently, `noeviction`, the
   * default, refuses commands that need memory.
   */
  readonly eviction?: 'allkeys-lru' | 'noeviction'
  /** Default false. True makes the mishap `old` possible, and every write of a large value slower. */
  readonly remembersOld?: boolean
  /** Milliseconds since 1970. */
  readonly now?: () => number
  /** In [0, 1). */
  readonly random?: () => number
}

/** What a key held before the last command that changed it. */
type OldEntry = { readonly entry: EntryBefore; readonly replacedAt: number }

const DEFAULT_MAX_BYTES = 64 * 1024 * 1024
const SWEEP_INTERVAL_MS = 1_000

/**
 * A Redis in this process: strings, hashes, lists, sets, sorted sets and scripts, with expiry and
 * a bound on memory, answering as Redis 7 does. Nothing outlives the process.
 */
export function memoryStore(options: MemoryStoreOptions = {}): RedisBackend {
  const { now = Date.now, random = Math.random, remembersOld = false } = options
  const keys = new Keyspace({
    maxBytes: options.maxBytes ?? DEFAULT_MAX_BYTES,
    evicts: options.eviction === 'allkeys-lru',
    now,
  })
  const table = commandTable()
  let position = 0
  const old = new Map<Bytes, OldEntry>()
  const sweeper = setInterval(() => keys.sweep(), SWEEP_INTERVAL_MS).unref()

  function run(command: RedisCommand): Reply {
    try {
      return runFound(find(table, command), command.slice(1))
    } catch (error) {
      if (error instanceof RedisError) return error
      throw error
    }
  }

  function runFound({ effect, run }: Command, words: readonly Bytes[]): Reply {
    if (effect === 'grow' && keys.isFull) {
      throw new RedisError("OOM command not allowed when used memory > 'maxmemory'.")
    }
    if (effect !== 'read') position++
    try {
      return run(context(now()), words)
    } finally {
      keys.settle()
    }
  }

  function context(nowMs: number): CommandContext {
    return {
      keys,
      nowMs,
      random,
      call(command) {
        const reply = run(command)
        if (reply instanceof RedisError) throw reply
        return reply
      },
    }
  }

  /** What `act` does is remembered, or undone. */
  function journaled<T>(act: () => T, isLost: boolean): T {
    const before: Before = new Map()
    keys.journal = before
    try {
      return act()
    } finally {
      keys.journal = undefined
      if (isLost) keys.restore(before)
      else for (const [key, entry] of before) old.set(key, { entry, replacedAt: position })
    }
  }

  function withOld(command: RedisCommand, since: number): Reply {
    const found = table.get(command[0]?.toLowerCase() ?? '')
    if (found?.effect !== 'read') return runAs(command, undefined)
    const seen: Before = new Map()
    for (const key of command.slice(1)) {
      const known = old.get(key)
      if (known !== undefined && known.replacedAt > since) seen.set(key, known.entry)
    }
    const current = keys.restore(seen)
    try {
      return run(command)
    } finally {
      keys.restore(current)
    }
  }

  function runAs(command: RedisCommand, mishap: Mishap | undefined): Reply {
    if (mishap === 'lost') return journaled(() => run(command), true)
    if (mishap !== undefined) return withOld(command, mishap.oldSince)
    return remembersOld ? journaled(() => run(command), false) : run(command)
  }

  return {
    execute: async (command, mishap) => runAs(command, mishap),
    async transaction(commands, mishap) {
      if (commands.some((command) => problemOf(table, command) !== undefined)) {
        return new RedisError('EXECABORT Transaction discarded because of previous errors.')
      }
      if (mishap === 'lost') return journaled(() => commands.map(run), true)
      return commands.map((command) => runAs(command, mishap))
    },
    position: () => position,
    async close() {
      clearInterval(sweeper)
    },
  }
}

function commandTable(): ReadonlyMap<string, Command> {
  const families = [STRINGS, KEYS, EXPIRY, HASHES, LISTS, SETS, SORTED_SETS]
  return new Map(
    [...families, SORTED_SET_COMBINATIONS, SERVER, scriptCommands()].flatMap((family) =>
      Object.entries(family),
    ),
  )
}

function find(table: ReadonlyMap<string, Command>, command: RedisCommand): Command {
  const problem = problemOf(table, command)
  const found = table.get(command[0]?.toLowerCase() ?? '')
  if (problem !== undefined || found === undefined) throw problem ?? unknown(command)
  return found
}

function problemOf(
  table: ReadonlyMap<string, Command>,
  command: RedisCommand,
): RedisError | undefined {
  const [name = ''] = command
  const found = table.get(name.toLowerCase())
  if (found === undefined) return unknown(command)
  const { arity } = found
  const fits = arity < 0 ? command.length >= -arity : command.length === arity
  return fits ? undefined : wrongArity(name)
}

function unknown([name = '', ...words]: RedisCommand): RedisError {
  if (MISSING.has(name.toLowerCase())) {
    return new RedisError(
      `ERR The Redis of the local stack has no ${name.toUpperCase()}; set TENDRIL_REDIS_URL to the URL of a real one`,
    )
  }
  let shown = ''
  for (const word of words) {
    if (shown.length >= MAX_NAME) break
    shown += `'${word.slice(0, MAX_NAME - shown.length)}' `
  }
  return new RedisError(
    `ERR unknown command '${name.slice(0, MAX_NAME)}', with args beginning with: ${shown}`,
  )
}
