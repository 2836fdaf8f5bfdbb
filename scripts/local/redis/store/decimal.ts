import { type Bytes, RedisError } from '../reply.ts'
import { readFloat } from './numbers.ts'

/** How many digits after the point Redis keeps of a sum. */
const FRACTION_DIGITS = 17

/** Beyond it a sum would have thousands of digits; the long double of Redis ends a little later. */
const MAX_EXPONENT = 4_000

type Decimal = { readonly digits: bigint; readonly scale: number }

/**
 * The sum of two decimal numbers, written without exponent or trailing zeros. Redis adds long
 * doubles, which show the sum that a person expects (0.1 + 0.2 = 0.3); JavaScript has none, so
 * this adds exactly. Throws a RedisError for what is no number, with `message` for the first.
 */
export function addDecimals(stored: Bytes, added: Bytes, message: string): Bytes {
  const left = parse(stored, message)
  const right = parse(added, 'ERR value is not a valid float')
  if (left === undefined || right === undefined) {
    throw new RedisError('ERR increment would produce NaN or Infinity')
  }
  const scale = Math.max(left.scale, right.scale)
  return write({ digits: widen(left, scale) + widen(right, scale), scale })
}

/** Undefined for an infinity. */
function parse(text: Bytes, message: string): Decimal | undefined {
  const value = readFloat(text)
  if (value === undefined) throw new RedisError(message)
  const [, sign, whole = '', fraction = '', exponent = '0'] =
    /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text) ?? []
  if (sign === undefined || Math.abs(Number(exponent)) > MAX_EXPONENT) return undefined
  const digits = BigInt(`${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  const scale = fraction.length - Number(exponent)
  return scale < 0 ? { digits: digits * 10n ** BigInt(-scale), scale: 0 } : { digits, scale }
}

function widen({ digits, scale }: Decimal, wanted: number): bigint {
  return digits * 10n ** BigInt(wanted - scale)
}

function write({ digits, scale }: Decimal): Bytes {
  const rounded = scale > FRACTION_DIGITS ? round(digits, scale - FRACTION_DIGITS) : digits
  const places = Math.min(scale, FRACTION_DIGITS)
  const isNegative = rounded < 0n
  const text = String(isNegative ? -rounded : rounded).padStart(places + 1, '0')
  const fraction = places === 0 ? '' : text.slice(-places).replace(/0+$/, '')
  const whole = places === 0 ? text : text.slice(0, -places)
  const result = fraction === '' ? whole : `${whole}.${fraction}`
  return isNegative && result !== '0' ? `-${result}` : result
}

function round(digits: bigint, dropped: number): bigint {
  const unit = 10n ** BigInt(dropped)
  return (digits + (digits < 0n ? -unit : unit) / 2n) / unit
}
