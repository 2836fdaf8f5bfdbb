import type { ReadAnswer, ReadRequest } from '../../../core/cache/log-reader.ts'
import { read } from '../../../core/cache/read.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import { SmallLog } from './small-log.ts'

export const STRONG = { level: 'strong' } as const
export const SESSION = { level: 'session' } as const
export const bounded = (boundMs: number, staleIfErrorMs = 0) =>
  ({ level: 'bounded', boundMs, staleIfErrorMs }) as const

/** A log in which `a` and `b` were written at seq 1. */
export function newLog(): SmallLog {
  const log = new SmallLog()
  log.write(['a', 'b'])
  return log
}

export function reads(
  log: SmallLog,
  consistency: Consistency,
  names: readonly string[] = ['a'],
  parts: Partial<ReadRequest<string>> = {},
): Promise<ReadAnswer<string>> {
  return read(log.reader, log.request(names, consistency, parts))
}
