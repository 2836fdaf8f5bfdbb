import type { Bounds, Filters, GraphEngine } from '../../../core/graph/engine.ts'
import type { GraphContents } from './contents.ts'

type Requests = { readonly [K in keyof GraphEngine]: Parameters<GraphEngine[K]>[0] }
/** An operation, and a request for it. */
export type Asked = { readonly [K in keyof Requests]: readonly [K, Requests[K]] }[keyof Requests]

const DIRECTIONS = ['out', 'in', 'both'] as const
const OUTPUTS = ['entities', 'ids', 'count'] as const

/** Some request for any of the operations, about entities that are there. */
export function randomRequest({ entities }: GraphContents, random: () => number): Asked {
  const upTo = (most: number) => Math.floor(random() * (most + 1))
  const oneOf = <T>(values: readonly T[]): T => {
    const value = values[upTo(values.length - 1)]
    if (value === undefined) throw new RangeError('nothing to choose from')
    return value
  }
  const maybe = <T extends object>(part: T): T | object => (random() < 0.4 ? part : {})
  const id = () => oneOf(entities).id
  const some = <T>(values: readonly T[], share: number) => values.filter(() => random() < share)
  const filters: Filters & Bounds = {
    ...maybe({ types: some(['x', 'y', 'z', 'unknown'], 0.6) }),
    ...(random() < 0.3 ? { entityTypes: some(['a', 'b', 'c', 'unknown'], 0.7) } : {}),
    ...(random() < 0.25 ? { candidates: some(entities, 0.8).map((each) => each.id) } : {}),
    ...maybe({ maxEdges: upTo(random() < 0.5 ? 6 : 40) }),
    ...(random() < 0.2 ? { onCap: 'error' } : {}),
  }
  const direction = maybe({ direction: oneOf(DIRECTIONS) })
  const limit = maybe({ limit: upTo(6) })
  const depths = {
    starts: Array.from({ length: 1 + upTo(2) }, id),
    ...maybe({ depth: upTo(5) }),
  }
  const asked: readonly Asked[] = [
    ['traverse', { ...filters, ...direction, ...depths, ...limit, output: oneOf(OUTPUTS) }],
    [
      'subgraph',
      { ...filters, ...direction, ...depths, ...limit, ...maybe({ edgeLimit: upTo(9) }) },
    ],
    [
      'paths',
      {
        ...{ ...filters, ...direction, from: id(), to: id(), ...maybe({ k: 1 + upTo(6) }) },
        ...(random() < 0.4 ? { weighted: true } : maybe({ maxLength: upTo(6) })),
      },
    ],
    ['component', { ...filters, entity: id(), ...limit }],
    ['degree', { ...filters, ...direction, entity: id() }],
    ['common', { ...filters, ...direction, entities: [id(), id()], ...limit }],
  ]
  return oneOf(asked)
}
