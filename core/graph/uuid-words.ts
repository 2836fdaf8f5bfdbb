/**
 * Ids inside of the engine: four 32-bit words, the most significant first, so that comparing words
 * is comparing the 16 bytes, and the text.
 */
const WORDS = 4

/** Value of a hexadecimal digit by its character code; 255 for what is none. */
const NIBBLES = nibbles()
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

function nibbles(): Uint8Array {
  const values = new Uint8Array(128).fill(255)
  for (let digit = 0; digit < 16; digit += 1) {
    const character = digit.toString(16)
    values[character.charCodeAt(0)] = digit
    values[character.toUpperCase().charCodeAt(0)] = digit
  }
  return values
}

/** Writes the words of a UUID to `words` from `at` on; false when the text is not one. */
export function writeUuid(text: string, words: Uint32Array, at: number): boolean {
  if (text.length !== 36) return false
  const a = word(text, 0, 0)
  const b = word(text, 9, 1)
  const c = word(text, 19, 1)
  const d = word(text, 28, 0)
  const hasDashes =
    text.charCodeAt(8) === 45 &&
    text.charCodeAt(13) === 45 &&
    text.charCodeAt(18) === 45 &&
    text.charCodeAt(23) === 45
  if (!hasDashes || a < 0 || b < 0 || c < 0 || d < 0) return false
  words[at] = a
  words[at + 1] = b
  words[at + 2] = c
  words[at + 3] = d
  return true
}

/** Eight digits from `start` on, with a dash to skip after the first four or none; -1 if one is no digit. */
function word(text: string, start: number, dash: 0 | 1): number {
  const high = half(text, start)
  const low = half(text, start + 4 + dash)
  return high < 0 || low < 0 ? -1 : high * 65_536 + low
}

function half(text: string, start: number): number {
  const a = NIBBLES[text.charCodeAt(start)] ?? 255
  const b = NIBBLES[text.charCodeAt(start + 1)] ?? 255
  const c = NIBBLES[text.charCodeAt(start + 2)] ?? 255
  const d = NIBBLES[text.charCodeAt(start + 3)] ?? 255
  return (a | b | c | d) > 15 ? -1 : (a << 12) | (b << 8) | (c << 4) | d
}

/** The UUID whose words begin at `at`, in lower case. */
export function readUuid(words: Uint32Array, at: number): string {
  const a = words[at] ?? 0
  const b = words[at + 1] ?? 0
  const c = words[at + 2] ?? 0
  const d = words[at + 3] ?? 0
  return `${pair(a >>> 16)}${pair(a & 65_535)}-${pair(b >>> 16)}-${pair(b & 65_535)}-${pair(
    c >>> 16,
  )}-${pair(c & 65_535)}${pair(d >>> 16)}${pair(d & 65_535)}`
}

function pair(value: number): string {
  return `${HEX[value >>> 8]}${HEX[value & 255]}`
}

/** Character codes of the hexadecimal digits. */
const DIGITS = Uint8Array.from('0123456789abcdef', (digit) => digit.charCodeAt(0))
const DASH = '-'.charCodeAt(0)
const LENGTH = 36

/** UUIDs in rows: written as bytes and made one text at the end, several times faster than one by one. */
export class UuidRows {
  readonly #text: Uint8Array
  #count = 0

  constructor(capacity: number) {
    this.#text = new Uint8Array(capacity * LENGTH)
  }

  /** Adds the UUID whose words begin at `at`. */
  add(words: Uint32Array, at: number): void {
    const text = this.#text
    const start = this.#count * LENGTH
    const b = words[at + 1] ?? 0
    const c = words[at + 2] ?? 0
    writeHalf(text, start, (words[at] ?? 0) >>> 16)
    writeHalf(text, start + 4, words[at] ?? 0)
    writeHalf(text, start + 9, b >>> 16)
    writeHalf(text, start + 14, b)
    writeHalf(text, start + 19, c >>> 16)
    writeHalf(text, start + 24, c)
    writeHalf(text, start + 28, (words[at + 3] ?? 0) >>> 16)
    writeHalf(text, start + 32, words[at + 3] ?? 0)
    text[start + 8] = DASH
    text[start + 13] = DASH
    text[start + 18] = DASH
    text[start + 23] = DASH
    this.#count += 1
  }

  /** What was added, in its order. */
  texts(): string[] {
    const whole = new TextDecoder().decode(this.#text.subarray(0, this.#count * LENGTH))
    const texts = new Array<string>(this.#count)
    for (let row = 0; row < texts.length; row += 1) {
      texts[row] = whole.slice(row * LENGTH, (row + 1) * LENGTH)
    }
    return texts
  }
}

/** The lower 16 bits of a word, as four digits. */
function writeHalf(text: Uint8Array, place: number, word: number): void {
  text[place] = DIGITS[(word >>> 12) & 15] ?? 0
  text[place + 1] = DIGITS[(word >>> 8) & 15] ?? 0
  text[place + 2] = DIGITS[(word >>> 4) & 15] ?? 0
  text[place + 3] = DIGITS[word & 15] ?? 0
}

/** Below 0, 0 or above 0, as the id at word `i` of `a` comes before, is, or comes after that at `j` of `b`. */
export function compareUuids(a: Uint32Array, i: number, b: Uint32Array, j: number): number {
  for (let word = 0; word < WORDS; word += 1) {
    const difference = (a[i + word] ?? 0) - (b[j + word] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
