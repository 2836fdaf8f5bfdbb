import { contentsOf, type GraphContents } from './contents.ts'

type Pair = readonly [from: number, to: number]

/** Shapes of graphs, from few entities to `size`; what is not said here is left to chance. */
export const SHAPES: Readonly<Record<string, (size: number, random: () => number) => Pair[]>> = {
  'no edges': () => [],
  chain: (size) => upTo(size - 1).map((n) => [n, n + 1]),
  ring: (size) => upTo(size).map((n) => [n, (n + 1) % size]),
  star: (size) => upTo(size - 1).map((n) => (n % 2 === 0 ? [0, n + 1] : [n + 1, 0])),
  'two cliques': (size) =>
    upTo(size).flatMap((a) =>
      upTo(size)
        .filter((b) => a !== b && a < size / 2 === b < size / 2 && (a + b) % 3 !== 0)
        .map((b): Pair => [a, b]),
    ),
  grid: (size) =>
    upTo(size).flatMap((n): Pair[] => [
      ...(n % 3 < 2 && n + 1 < size ? [[n, n + 1] as const] : []),
      ...(n + 3 < size ? [[n, n + 3] as const] : []),
    ]),
  'power law': (size, random) =>
    upTo(size * 2).map(() => [Math.floor(size * random() ** 3), Math.floor(size * random() ** 2)]),
  'anything at all': (size, random) =>
    upTo(Math.floor(size * 2 * random())).map(() => [
      Math.floor(size * random()),
      Math.floor(size * random()),
    ]),
}

const TYPES = ['x', 'y', 'z']
const WEIGHTS = [0, 1, 1, 2, 0.5, 3.25, 'heavy', -1]

/** A graph of a shape, with parallel edges, self-loops, types and weights as chance will have it. */
export function shapedGraph(shape: string, size: number, random: () => number): GraphContents {
  const pairs = SHAPES[shape]?.(size, random) ?? []
  const more = pairs.flatMap((pair): Pair[] => {
    if (random() < 0.15) return [pair, pair]
    if (random() < 0.1) return [pair, [pair[0], pair[0]]]
    return random() < 0.1 ? [pair, [pair[1], pair[0]]] : [pair]
  })
  return contentsOf(
    size,
    shuffled(more, random).map(([from, to]) => {
      const weight = WEIGHTS[Math.floor(random() * (WEIGHTS.length + 1))]
      const type = TYPES[Math.floor(random() * TYPES.length)] ?? ''
      return weight === undefined ? [from, to, type] : [from, to, type, weight]
    }),
  )
}

function upTo(end: number): number[] {
  return Array.from({ length: Math.max(end, 0) }, (_, n) => n)
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ value }) => value)
}
