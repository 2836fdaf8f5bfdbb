import { type FieldError, MAX_FIELD_ERRORS } from './errors.ts'

/** Nesting beyond which JSON is refused: PostgreSQL and validators recurse. */
const MAX_DEPTH = 64

/**
 * Everything in a JSON value that PostgreSQL cannot store or that would come back changed. `pointer`
 * is where the value stands.
 */
export function jsonProblems(value: unknown, pointer: string): FieldError[] {
  const problems: FieldError[] = []
  if (!isFine(value, 0)) collectProblems(value, () => pointer, 0, problems)
  return problems
}

/** Whether there is nothing to collect: nearly always, and told without making a place of anything. */
function isFine(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false
  if (typeof value === 'string') return textFault(value) === null
  if (typeof value === 'number') return Number.isFinite(value)
  if (!isContainer(value)) return true
  if (Array.isArray(value)) return value.every((child) => isFine(child, depth + 1))
  for (const key of Object.keys(value)) {
    if (textFault(key) !== null || !isFine(Reflect.get(value, key), depth + 1)) return false
  }
  return true
}

/** Stops when there are as many as an answer lists; pointers are made only where they are needed. */
function collectProblems(
  value: unknown,
  pointer: () => string,
  depth: number,
  problems: FieldError[],
): void {
  if (problems.length >= MAX_FIELD_ERRORS) return
  if (depth > MAX_DEPTH) {
    problems.push({ pointer: pointer(), message: `is nested deeper than ${MAX_DEPTH} levels` })
  } else if (typeof value === 'string') {
    addTextProblem(value, pointer, problems)
  } else if (typeof value === 'number' && !Number.isFinite(value)) {
    problems.push({ pointer: pointer(), message: 'is too large a number' })
  } else if (isContainer(value)) {
    for (const [key, child] of Object.entries(value)) {
      const at = () => `${pointer()}/${escapedKey(key)}`
      addTextProblem(key, at, problems)
      collectProblems(child, at, depth + 1, problems)
    }
  }
}

function addTextProblem(text: string, pointer: () => string, problems: FieldError[]): void {
  const message = textFault(text)
  if (message) problems.push({ pointer: pointer(), message })
}

/** Text that PostgreSQL refuses: the character NUL, and halves of surrogate pairs. */
export function textProblem(text: string, pointer: string): FieldError[] {
  const message = textFault(text)
  return message ? [{ pointer, message }] : []
}

function textFault(text: string): string | null {
  if (text.includes('\0')) return 'contains the character U+0000'
  return text.isWellFormed() ? null : 'contains half of a surrogate pair'
}

/** Only a number that begins with 16 digits can be an integer beyond 2^53. */
const LONG_DIGITS = /(?:^|[[:,\s-])\d{16}/

/** More than any request needs, and what a reviver, which recurses, survives. */
const MAX_PARSED_DEPTH = 200

/** Where a value stands: the object or array that holds it, and its key there. */
type Place = { readonly holder: unknown; readonly key: string }

/**
 * Parses JSON, refusing integers that a double cannot hold: they would be stored as another number.
 * Throws a `SyntaxError` for what is not JSON.
 */
export function parseJsonExactly(text: string): { value: unknown; problems: FieldError[] } {
  const value: unknown = JSON.parse(text)
  if (!LONG_DIGITS.test(text)) return { value, problems: [] }
  if (isDeeperThan(value, MAX_PARSED_DEPTH)) {
    const message = `is nested deeper than ${MAX_PARSED_DEPTH} levels`
    return { value, problems: [{ pointer: '', message }] }
  }
  const places = new Map<unknown, Place>()
  const inexact: (Place & { readonly source: string })[] = []
  JSON.parse(text, function collect(this: unknown, key, child: unknown, context?: Source) {
    const source = context?.source ?? ''
    if (isContainer(child)) places.set(child, { holder: this, key })
    else if (inexact.length < MAX_FIELD_ERRORS && isInexact(child, source)) {
      inexact.push({ holder: this, key, source })
    }
    return child
  })
  const problems = inexact.map(({ source, ...place }) => ({
    pointer: pointerTo(place, places),
    message: `the integer ${source.slice(0, 40)} does not fit a double; send it as a string`,
  }))
  return { value, problems }
}

/** What the reviver of `JSON.parse` is told of a primitive, beside its value. */
type Source = { readonly source?: string }

function isInexact(value: unknown, source: string): boolean {
  return typeof value === 'number' && /^-?\d+$/.test(source) && !isExactInteger(source, value)
}

/**
 * Whether a double can stand for the digits of an integer: it is that integer, or it is written with
 * just these digits, as those of more than 2^53 are that end in rounded ones.
 */
export function isExactInteger(digits: string, value: number): boolean {
  if (!Number.isFinite(value)) return false
  return String(value) === digits || BigInt(digits) === BigInt(value)
}

function pointerTo({ holder, key }: Place, places: ReadonlyMap<unknown, Place>): string {
  const above = places.get(holder)
  // The outermost value has the key '' in a holder that is no part of the text.
  return above ? `${pointerTo(above, places)}/${escapedKey(key)}` : ''
}

function isDeeperThan(value: unknown, depth: number): boolean {
  if (!isContainer(value)) return false
  return depth === 0 || Object.values(value).some((child) => isDeeperThan(child, depth - 1))
}

function isContainer(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

/** A key as a part of a JSON Pointer (RFC 6901). */
export function escapedKey(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** The key that such a part stands for. */
export function unescapedKey(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~')
}
