import type { FieldError } from './errors.ts'

/** Nesting beyond which JSON is refused: PostgreSQL and validators recurse. */
const MAX_DEPTH = 64

/**
 * Everything in a JSON value that PostgreSQL cannot store or that would come back changed. `pointer`
 * is where the value stands.
 */
export function jsonProblems(value: unknown, pointer: string, depth = 0): FieldError[] {
  if (depth > MAX_DEPTH) return [{ pointer, message: `is nested deeper than ${MAX_DEPTH} levels` }]
  switch (typeof value) {
    case 'string':
      return textProblem(value, pointer)
    case 'number':
      return Number.isFinite(value) ? [] : [{ pointer, message: 'is too large a number' }]
    case 'object':
      if (value === null) return []
      return Object.entries(value).flatMap(([key, child]) => {
        const at = `${pointer}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
        return [...textProblem(key, at), ...jsonProblems(child, at, depth + 1)]
      })
    default:
      return []
  }
}

/** Text that PostgreSQL refuses: the character NUL, and halves of surrogate pairs. */
export function textProblem(text: string, pointer: string): FieldError[] {
  if (text.includes('\0')) return [{ pointer, message: 'contains the character U+0000' }]
  return text.isWellFormed() ? [] : [{ pointer, message: 'contains half of a surrogate pair' }]
}

/** Only a run of 16 digits can be an integer beyond 2^53. */
const LONG_DIGITS = /\d{16}/

/**
 * Parses JSON, refusing integers that a double cannot hold: they would be stored as another number.
 * Throws a `SyntaxError` for what is not JSON.
 */
export function parseJsonExactly(text: string): { value: unknown; problems: FieldError[] } {
  if (!LONG_DIGITS.test(text)) return { value: JSON.parse(text), problems: [] }
  const problems: FieldError[] = []
  const check = (key: string, value: unknown, context?: { source?: string }): unknown => {
    const source = context?.source ?? ''
    if (typeof value === 'number' && /^-?\d+$/.test(source) && BigInt(source) !== BigInt(value)) {
      const message = `the integer ${source.slice(0, 40)} does not fit a double; send it as a string`
      problems.push({ pointer: `/${key}`, message })
    }
    return value
  }
  return { value: JSON.parse(text, check), problems }
}
