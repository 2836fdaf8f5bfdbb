import { type Bytes, RedisError } from '../reply.ts'

const MIN_INT64 = -(2n ** 63n)
const MAX_INT64 = 2n ** 63n - 1n

/** Undefined for what Redis does not take for an integer: signs, zeros or spaces in front. */
export function readInteger(text: Bytes): bigint | undefined {
  if (!/^(0|-?[1-9]\d{0,18})$/.test(text)) return undefined
  const value = BigInt(text)
  return isInt64(value) ? value : undefined
}

export function isInt64(value: bigint): boolean {
  return value >= MIN_INT64 && value <= MAX_INT64
}

export function parseBigInteger(text: Bytes): bigint {
  const value = readInteger(text)
  if (value === undefined) throw new RedisError('ERR value is not an integer or out of range')
  return value
}

/** For counts and positions, where what a number cannot hold exactly is far out of reach. */
export function parseInteger(text: Bytes): number {
  return Number(parseBigInteger(text))
}

/** The same message for what is too small and what is no integer. */
export function parseAtLeast(text: Bytes, least: number, message: string): number {
  const value = readInteger(text)
  if (value === undefined || value < least) throw new RedisError(message)
  return Number(value)
}

export const MUST_BE_POSITIVE = 'ERR value is out of range, must be positive'

/** A score or another double; `inf`, `+inf` and `-inf` are some, NaN is none. */
export function readFloat(text: Bytes): number | undefined {
  const infinite = /^([+-]?)inf(inity)?$/i.exec(text)
  if (infinite) return infinite[1] === '-' ? -Infinity : Infinity
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : undefined
}

export function parseFloat64(
  text: Bytes,
  message: string = 'ERR value is not a valid float',
): number {
  const value = readFloat(text)
  if (value === undefined) throw new RedisError(message)
  return value
}

/** The shortest text that reads back as the same double, as newer versions of Redis write it. */
export function floatText(value: number): Bytes {
  if (Object.is(value, -0)) return '-0'
  if (value === Infinity) return 'inf'
  return value === -Infinity ? '-inf' : String(value)
}
