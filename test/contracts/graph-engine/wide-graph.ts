import { contentsOf, type GraphContents } from './contents.ts'
import type { Asked } from './random-request.ts'

const WIDTH = 300
const START = 0
const GOAL = 1

/**
 * A start that leads to hundreds of entities, each of which leads by another one to the goal: levels that
 * engines do not take in one piece, and still few enough paths to list. Weights are below `heaviest`; 0
 * makes all paths of as many edges equal.
 */
export function wideGraph(heaviest: number, random: () => number): GraphContents {
  const some = () => Math.floor(random() * WIDTH)
  const near = (n: number) => 2 + n
  const far = (n: number) => 2 + WIDTH + n
  const weight = () => Math.floor(random() * 4 * heaviest) / 4
  const pairs = Array.from({ length: WIDTH }, (_, n) => [
    [START, near(n), 'x', weight()] as const,
    [near(n), far(some()), random() < 0.3 ? 'y' : 'x', weight()] as const,
    [near(n), far(n), 'x', weight()] as const,
    [far(n), GOAL, random() < 0.1 ? 'y' : 'x', weight()] as const,
    ...(random() < 0.1 ? [[far(n), far(some()), 'x', weight()] as const] : []),
  ]).flat()
  const order = pairs.map((pair) => ({ pair, at: random() })).sort((a, b) => a.at - b.at)
  return contentsOf(
    2 + 2 * WIDTH,
    order.map(({ pair }) => pair),
  )
}

/** A request whose levels are wide. */
export function wideRequest({ entities }: GraphContents, random: () => number): Asked {
  const upTo = (most: number) => Math.floor(random() * (most + 1))
  const [start, goal] = [entities[START]?.id ?? '', entities[GOAL]?.id ?? '']
  const filters = {
    ...(random() < 0.3 ? { types: ['x'] } : {}),
    ...(random() < 0.3 ? { entityTypes: ['a', 'b'] } : {}),
    ...(random() < 0.4 ? { maxEdges: upTo(1_500) } : {}),
  }
  const direction = random() < 0.5 ? 'out' : 'both'
  const depths = { starts: [start], depth: 1 + upTo(4), direction, limit: upTo(700) } as const
  const output = random() < 0.5 ? 'entities' : random() < 0.5 ? 'ids' : 'count'
  const ends = { from: start, to: goal }
  const asked: readonly Asked[] = [
    ['traverse', { ...filters, ...depths, output }],
    ['subgraph', { ...filters, ...depths, edgeLimit: upTo(1_500) }],
    ['component', { ...filters, entity: start, limit: upTo(700) }],
    ['paths', { ...filters, ...ends, k: 1 + upTo(3) }],
    ['paths', { ...filters, ...ends, k: 1 + upTo(2), weighted: true }],
    ['common', { ...filters, entities: [start, goal] }],
    ['degree', { ...filters, entity: start }],
  ]
  const chosen = asked[upTo(asked.length - 1)]
  if (!chosen) throw new RangeError('nothing was chosen')
  return chosen
}
