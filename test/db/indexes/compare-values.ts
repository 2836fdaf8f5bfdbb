import type { Json } from '../../../core/json.ts'

/** Bytes of a text that count; a difference beyond them is a tie. */
const MAX_TEXT_BYTES = 200

const KINDS = ['null', 'string', 'number', 'false', 'true', 'array', 'object']

/** How lists and indexes order two values, said without keys. 0 is a tie. */
export function compareValues(a: Json, b: Json): number {
  const kinds = KINDS.indexOf(kindOf(a)) - KINDS.indexOf(kindOf(b))
  if (kinds !== 0) return Math.sign(kinds)
  if (typeof a === 'number' && typeof b === 'number') return Math.sign(a < b ? -1 : a > b ? 1 : 0)
  return compareTexts(textOf(a), textOf(b))
}

/** By code point, which is the order of UTF-8. */
function compareTexts(a: string, b: string): number {
  const bytes = (text: string) => Buffer.from(text).subarray(0, MAX_TEXT_BYTES)
  return Buffer.compare(bytes(a), bytes(b))
}

function kindOf(value: Json): string {
  if (value === null || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object') return typeof value
  return Array.isArray(value) ? 'array' : 'object'
}

function textOf(value: Json): string {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null ? jsonbText(value) : ''
}

/** A value as PostgreSQL writes a jsonb: keys by length in bytes and then by bytes. */
function jsonbText(value: Json): string {
  if (typeof value === 'number') return decimalText(value)
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(jsonbText).join(', ')}]`
  const members = Object.entries(value).sort(([a], [b]) => {
    const lengths = Buffer.byteLength(a) - Buffer.byteLength(b)
    return lengths || Buffer.compare(Buffer.from(a), Buffer.from(b))
  })
  return `{${members.map(([key, child]) => `${JSON.stringify(key)}: ${jsonbText(child)}`).join(', ')}}`
}

/** A number without an exponent: that is how a numeric comes out. */
function decimalText(value: number): string {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/.exec(JSON.stringify(value)) ?? []
  const digits = whole + fraction
  const point = whole.length + Number(exponent)
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`
  if (point >= digits.length) return sign + digits.padEnd(point, '0')
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`
}
