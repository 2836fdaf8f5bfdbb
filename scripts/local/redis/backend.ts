import type { Bytes, RedisError, Reply } from './reply.ts'

/** The name and the arguments. */
export type RedisCommand = readonly Bytes[]

/**
 * For tests of what a failing Redis does. `lost`: answered like any write and undone at once, as
 * by a failover before the write was copied. `oldSince`: a read answered from what its keys held
 * before their last write, as by a replica that lags, unless that write was at this position or
 * before.
 */
export type Mishap = 'lost' | { readonly oldSince: number }

/** A Redis that the service stands in front of; commands that fail answer a RedisError. */
export type RedisBackend = {
  execute(command: RedisCommand, mishap?: Mishap): Promise<Reply>
  /**
   * All commands with none of anybody else between them. Answers one reply each, or one RedisError
   * when nothing was done because a command is unknown or has the wrong number of arguments.
   */
  transaction(commands: readonly RedisCommand[], mishap?: Mishap): Promise<Reply[] | RedisError>
  /** Grows with every write. */
  position(): number
  close(): Promise<void>
}
