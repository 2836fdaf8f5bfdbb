import { RedisError } from '../../reply.ts'
import { isInt64, parseBigInteger } from '../numbers.ts'
import type { Words } from '../words.ts'

/** What a time is counted in, and from when. */
export const UNITS = {
  EX: { ms: 1000n, isFromNow: true },
  PX: { ms: 1n, isFromNow: true },
  EXAT: { ms: 1000n, isFromNow: false },
  PXAT: { ms: 1n, isFromNow: false },
} as const

export type Unit = (typeof UNITS)[keyof typeof UNITS]

/**
 * Reads EX, PX, EXAT or PXAT if it is next. What is returned answers milliseconds since 1970, or
 * throws for a time that is none: Redis looks at it only after the other words.
 */
export function readExpiryOption(
  words: Words,
  command: string,
  nowMs: number,
): (() => number) | undefined {
  for (const [name, unit] of Object.entries(UNITS)) {
    if (!words.takeOption(name)) continue
    const text = words.take()
    return () => {
      const amount = parseBigInteger(text)
      if (amount <= 0n) throw invalidTime(command)
      return expiryTime(amount, unit, command, nowMs)
    }
  }
  return undefined
}

/** Milliseconds since 1970. Throws when that is out of range. */
export function expiryTime(
  amount: bigint,
  { ms, isFromNow }: Unit,
  command: string,
  nowMs: number,
): number {
  const at = amount * ms + (isFromNow ? BigInt(nowMs) : 0n)
  if (!isInt64(amount * ms) || !isInt64(at)) throw invalidTime(command)
  return Number(at)
}

function invalidTime(command: string): RedisError {
  return new RedisError(`ERR invalid expire time in '${command}' command`)
}
