const NUMBER_BYTES = 9

/**
 * What a value takes as V8 serializes it, give or take a few bytes for each of its parts: text a byte
 * for each character, or two in a text with characters beyond Latin-1, buffers as they are.
 */
export function storedBytes(value: unknown, seen: Set<object> = new Set()): number {
  if (typeof value === 'string') return isLatin1(value) ? value.length : 2 * value.length
  if (typeof value !== 'object' || value === null) return NUMBER_BYTES
  if (seen.has(value)) return 1
  seen.add(value)
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) return value.byteLength
  let bytes = 0
  const parts = value instanceof Map || value instanceof Set ? value.entries() : entriesOf(value)
  for (const [key, part] of parts) bytes += storedBytes(key, seen) + storedBytes(part, seen)
  return bytes
}

function entriesOf(value: object): Iterable<[unknown, unknown]> {
  return Object.entries(value)
}

function isLatin1(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0xff) return false
  return true
}
