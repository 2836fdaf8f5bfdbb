/** Any value JSON.parse can return. */
export type Json =
  | null
  | boolean
  | number
  | string
  | readonly Json[]
  | { readonly [key: string]: Json }

/**
 * Turns JSON parameters into the text PostgreSQL reads, by Neon's rules: strings stay as they are,
 * arrays become array literals, everything else its JSON text. null is SQL NULL.
 */
export function paramsToText(params: readonly Json[]): (string | null)[] {
  return params.map((value) => {
    if (value === null || typeof value === 'string') return value
    return Array.isArray(value) ? arrayLiteral(value) : JSON.stringify(value)
  })
}

function arrayLiteral(values: readonly Json[]): string {
  return `{${values.map(arrayElement).join(',')}}`
}

function arrayElement(value: Json): string {
  if (value === null) return 'NULL'
  if (Array.isArray(value)) return arrayLiteral(value)
  // JSON's quoting of strings serves array literals too, but for control characters: `\n` arrives
  // as n, as it does at Neon. An object becomes one such string.
  if (typeof value === 'object') return JSON.stringify(JSON.stringify(value))
  return JSON.stringify(value)
}
