import fc from 'fast-check'

/** Where to cut a text, as shares of its bytes; many times `everywhere`. */
export type Cuts = readonly number[] | 'everywhere'

export const cuts: fc.Arbitrary<Cuts> = fc.oneof(
  { weight: 9, arbitrary: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }) },
  { weight: 1, arbitrary: fc.constant('everywhere' as const) },
)

/** The bytes of a text in pieces, also cut inside a character. */
export function cut(text: string, where: Cuts): Uint8Array[] {
  const bytes = new TextEncoder().encode(text)
  if (where === 'everywhere') return [...bytes].map((byte) => Uint8Array.of(byte))
  const at = where.map((share) => Math.floor(share * bytes.length)).sort((a, b) => a - b)
  return [0, ...at].map((start, i) => bytes.slice(start, [...at, bytes.length][i]))
}

export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

export async function textOf(chunks: AsyncIterable<string>): Promise<string> {
  return (await collect(chunks)).join('')
}

export async function* each<T>(items: readonly T[]): AsyncGenerator<T> {
  yield* items
}
