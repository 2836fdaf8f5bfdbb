import { parseArrayLiteral } from './sql-arrays.ts'

/** A row as PostgreSQL sends it: each value in its text format, or null. */
export type TextRow = readonly (string | null)[]

/** A result column, in the words of the answer. */
export type Field = {
  readonly name: string
  readonly tableID: number
  readonly columnID: number
  readonly dataTypeID: number
  readonly dataTypeSize: number
  readonly dataTypeModifier: number
  readonly format: string
}

export type RowFormat = { readonly arrayMode: boolean; readonly rawText: boolean }

type ToJson = (text: string) => string

/** Returns the function that writes rows of these columns as JSON text. */
export function rowWriter(fields: readonly Field[], format: RowFormat): (row: TextRow) => string {
  const { arrayMode, rawText } = format
  if (rawText && arrayMode) return (row) => JSON.stringify(row)
  const converters = fields.map((field) => (rawText ? quote : converterFor(field.dataTypeID)))
  const names = fields.map((field) => (arrayMode ? '' : `${quote(field.name)}:`))
  const [open, close] = arrayMode ? '[]' : '{}'
  return (row) => {
    const values = row.map((text, i) => {
      const value = text === null ? 'null' : (converters[i] ?? quote)(text)
      return `${names[i]}${value}`
    })
    return `${open}${values.join(',')}${close}`
  }
}

const quote: ToJson = (text) => JSON.stringify(text)
const bool: ToJson = (text) => (text === 't' ? 'true' : 'false')
const verbatim: ToJson = (text) => text
// NaN and the infinities have no JSON number.
const float: ToJson = (text) => (Number.isFinite(Number(text)) ? String(Number(text)) : quote(text))

/** The types with a JSON form, by the numbers PostgreSQL gave them for good. */
const SCALARS: ReadonlyMap<number, ToJson> = new Map([
  [16, bool],
  [21, verbatim], // int2
  [23, verbatim], // int4
  [700, float],
  [701, float],
  [114, verbatim], // json
  [3802, verbatim], // jsonb
])

/** Their array types, each with the number of its element type. */
const ARRAYS: ReadonlyMap<number, number> = new Map([
  [1000, 16],
  [1005, 21],
  [1007, 23],
  [1021, 700],
  [1022, 701],
  [199, 114],
  [3807, 3802],
])

/** The other built-in array types; their elements stay strings. */
const STRING_ARRAYS: ReadonlySet<number> = new Set([
  143, 210, 270, 271, 272, 273, 629, 651, 719, 775, 791, 1001, 1002, 1003, 1006, 1008, 1009, 1010,
  1011, 1012, 1013, 1014, 1015, 1016, 1017, 1018, 1019, 1020, 1027, 1028, 1034, 1040, 1041, 1115,
  1182, 1183, 1185, 1187, 1231, 1263, 1270, 1561, 1563, 2201, 2207, 2208, 2209, 2210, 2211, 2287,
  2949, 2951, 3221, 3643, 3644, 3645, 3735, 3770, 3905, 3907, 3909, 3911, 3913, 3927, 4073, 4090,
  4097, 4192, 5039, 6150, 6151, 6152, 6153, 6155, 6157,
])

function converterFor(typeId: number): ToJson {
  const scalar = SCALARS.get(typeId)
  if (scalar !== undefined) return scalar
  const elementType = ARRAYS.get(typeId)
  if (elementType === undefined && !STRING_ARRAYS.has(typeId)) return quote
  const element = SCALARS.get(elementType ?? 0) ?? quote
  return (text) => parseArrayLiteral(text, element)
}
