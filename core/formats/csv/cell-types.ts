import type { Json } from '../../json.ts'
import { isExactInteger, parseJsonExactly } from '../../json-problems.ts'

export const CELL_TYPES = ['string', 'number', 'boolean', 'json'] as const
export type CellType = (typeof CELL_TYPES)[number]

/** Names of types that other tools write into headers. */
const ALIASES: Readonly<Record<string, CellType>> = {
  ...{ int: 'number', integer: 'number', long: 'number', short: 'number', byte: 'number' },
  ...{ float: 'number', double: 'number', bool: 'boolean' },
}

/** The type that a header names after its last colon; `null`: it names none. */
export function cellTypeNamed(name: string): CellType | null {
  return CELL_TYPES.find((type) => type === name) ?? ALIASES[name.toLowerCase()] ?? null
}

/** A number as JSON writes it: no plus sign, no leading zeros, not hexadecimal. */
const JSON_NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/
/** What a column that is said to hold numbers may write, too. */
const ANY_NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/
const BOOLEAN = /^(?:true|false|True|False|TRUE|FALSE)$/

/** Whether a cell is a number and nothing of what it says is lost in a double. */
export function isExactNumber(cell: string): boolean {
  if (!JSON_NUMBER.test(cell)) return false
  const value = Number(cell)
  return Number.isFinite(value) && decimalOf(cell) === decimalOf(String(value))
}

/** Sign, digits and power of ten: the same for two texts exactly when they are the same decimal. */
function decimalOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = '0'] =
    /^(-?)(\d*)\.?(\d*)(?:[eE]\+?(-?\d+))?$/.exec(text) ?? []
  const digits = (whole + fraction).replace(/^0+/, '')
  const significant = digits.replace(/0+$/, '')
  if (significant === '') return `${sign}0`
  const exponent = Number(power) - fraction.length + (digits.length - significant.length)
  return `${sign}${significant}e${exponent}`
}

/** What a column's cells can be, told as they pass by. */
export class CellTypeGuess {
  #possible: readonly Exclude<CellType, 'string'>[] = ['boolean', 'number', 'json']

  add(cell: string): void {
    if (this.#possible.length === 0) return
    this.#possible = this.#possible.filter((type) => isOfType(type, cell))
  }

  /** The narrowest type of all cells; of none, a string. */
  type(hasCells: boolean): CellType {
    return (hasCells && this.#possible[0]) || 'string'
  }
}

function isOfType(type: Exclude<CellType, 'string'>, cell: string): boolean {
  if (type === 'boolean') return BOOLEAN.test(cell)
  if (type === 'number') return isExactNumber(cell)
  return /^\s*[[{]/.test(cell) && 'value' in readJson(cell)
}

export type Cell = { readonly value: Json } | { readonly problem: string }

/** The value of a cell that is not empty. */
export function readCell(type: CellType, cell: string): Cell {
  switch (type) {
    case 'string':
      return { value: cell }
    case 'number':
      return readNumber(cell)
    case 'boolean':
      return BOOLEAN.test(cell)
        ? { value: cell.toLowerCase() === 'true' }
        : { problem: `must be true or false, not ${shown(cell)}` }
    case 'json':
      return readJson(cell)
  }
}

function readNumber(cell: string): Cell {
  const text = cell.trim()
  const value = Number(text)
  if (!ANY_NUMBER.test(text)) return { problem: `must be a number, not ${shown(cell)}` }
  if (!Number.isFinite(value)) return { problem: 'is too large a number' }
  if (/^[+-]?\d+$/.test(text) && !isExactInteger(text.replace('+', ''), value)) {
    return {
      problem: `the integer ${text.slice(0, 40)} does not fit a double; read it as a string`,
    }
  }
  return { value }
}

function readJson(cell: string): Cell {
  try {
    const { value, problems } = parseJsonExactly(cell)
    const [problem] = problems
    return problem
      ? { problem: `${problem.pointer} ${problem.message}`.trim() }
      : { value: value as Json }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { problem: `must be JSON, not ${shown(cell)}` }
  }
}

export function shown(cell: string): string {
  return JSON.stringify(cell.length > 40 ? `${cell.slice(0, 40)}…` : cell)
}
