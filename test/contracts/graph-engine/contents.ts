import type { Edge, EntityName, Hop } from '../../../core/graph/engine.ts'
import type { JsonObject } from '../../../core/json.ts'

/** A graph as engines are given it. `weight`: what the weight property of the edge holds, if anything. */
export type GraphContents = {
  readonly seq: number
  readonly entities: readonly (EntityName & { readonly properties?: JsonObject })[]
  readonly edges: readonly WeighedEdge[]
}

export type WeighedEdge = Edge & { readonly weight: unknown }

/** Id number `n` of a test: the order of ids is not that of the numbers. */
export function idOf(n: number): string {
  return `${(n * 2_654_435_761) % 2 ** 32}`
    .padStart(12, '0')
    .replace(/^(.{8})(.{4})$/, (_, a, b) => {
      return `${a}-${b}-7000-8000-${String(n).padStart(12, '0')}`
    })
}

/** A graph of `count` entities of types `a`, `b`, `c` in turn, with edges given as pairs of numbers. */
export function contentsOf(
  count: number,
  pairs: readonly (readonly [from: number, to: number, type?: string, weight?: number | string])[],
): GraphContents {
  const entities = Array.from({ length: count }, (_, n) => ({
    id: idOf(n),
    type: ['a', 'b', 'c'][n % 3] ?? '',
  }))
  const edges = pairs.map(([from, to, type = 'x', weight = null], i) => {
    return { createdSeq: count + i + 1, type, from: idOf(from), to: idOf(to), weight }
  })
  return { seq: count + pairs.length, entities, edges }
}

/** A hop by the numbers of a test. */
export function hop(createdSeq: number, passed: 'out' | 'in', from: number, type = 'x'): Hop {
  return { createdSeq, type, passed, from: idOf(from) }
}
