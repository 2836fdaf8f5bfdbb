import { RedisError } from '../../reply.ts'
import { isInt64 } from '../numbers.ts'
import type { Words } from '../words.ts'

/** What an option's number is counted in, and from when. */
export const UNITS = {
  EX: { ms: 1000, isFromNow: true },
  PX: { ms: 1, isFromNow: true },
  EXAT: { ms: 1000, isFromNow: false },
  PXAT: { ms: 1, isFromNow: false },
} as const

type Unit = (typeof UNITS)[keyof typeof UNITS]

/** Reads EX, PX, EXAT or PXAT if it is next; answers milliseconds since 1970. */
export function readExpiryOption(words: Words, command: string, nowMs: number): number | undefined {
  for (const [name, unit] of Object.entries(UNITS)) {
    if (words.takeOption(name)) return expiryTime(words.integer(), unit, command, nowMs, 1)
  }
  return undefined
}

/** Milliseconds since 1970. Throws when the number is below `least`, or the time out of range. */
export function expiryTime(
  amount: number,
  { ms, isFromNow }: Unit,
  command: string,
  nowMs: number,
  least: number = Number.NEGATIVE_INFINITY,
): number {
  const at = amount * ms + (isFromNow ? nowMs : 0)
  if (amount < least || !isInt64(BigInt(Math.ceil(Math.abs(at))))) {
    throw new RedisError(`ERR invalid expire time in '${command}' command`)
  }
  return at
}
