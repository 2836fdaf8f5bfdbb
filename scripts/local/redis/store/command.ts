import { type Bytes, RedisError, type Reply } from '../reply.ts'
import type { Keyspace } from './keyspace.ts'

export type CommandContext = {
  readonly keys: Keyspace
  /** The same for the whole command. */
  readonly nowMs: number
  /** In [0, 1). */
  readonly random: () => number
  /** Runs another command; one that fails throws. */
  call(command: readonly Bytes[]): Reply
}

export type CommandRun = (context: CommandContext, words: readonly Bytes[]) => Reply

export type Command = {
  /** As Redis counts: words with the name; negative means at least so many. */
  readonly arity: number
  /** `grow` may need memory, and is refused when there is none. */
  readonly effect: 'read' | 'write' | 'grow'
  /** Gets the words after the name. */
  readonly run: CommandRun
}

export type CommandTable = Readonly<Record<string, Command>>

export function reads(arity: number, run: CommandRun): Command {
  return { arity, effect: 'read', run }
}

export function writes(arity: number, run: CommandRun): Command {
  return { arity, effect: 'write', run }
}

export function grows(arity: number, run: CommandRun): Command {
  return { arity, effect: 'grow', run }
}

export function syntaxError(): RedisError {
  return new RedisError('ERR syntax error')
}

export function wrongArity(name: Bytes): RedisError {
  return new RedisError(
    `ERR wrong number of arguments for '${name.toLowerCase().slice(0, MAX_NAME)}' command`,
  )
}

/** As much of a name as Redis repeats. */
export const MAX_NAME = 128

/** The word at a position that the arity says is there. */
export function wordAt(words: readonly Bytes[], index: number): Bytes {
  const word = words[index]
  if (word === undefined) throw syntaxError()
  return word
}
