import { actionsOf } from './actions.ts'
import { checkWorld } from './invariants.ts'
import { keyOf } from './key.ts'
import { Violation } from './violation.ts'
import { newWorld, type Scenario, type World, withoutSpent } from './world.ts'

export type Found = {
  readonly states: number
  readonly transitions: number
  /** Every answer that some caller gets in some state: its commit id and the status. */
  readonly told: ReadonlySet<string>
  /** The invariant that broke and how, one line per step; `null`: it holds in every state. */
  readonly violation: string | null
}

/** Bounds a search that went astray. */
const MAX_STATES = 3_000_000

/**
 * Visits every state of `scenario`, nearest first, and stops at the first that breaks an invariant.
 * What only waits for the database must come to an end: there is no cycle of it (and `checkWorld`
 * sees to it that where it ends nobody is left waiting).
 */
export function search(scenario: Scenario): Found {
  const first = newWorld(scenario)
  const indexOf = new Map<string, number>([[keyOf(first, scenario), 0]])
  /** By state: the state it was first reached from, and by which of its actions. */
  const cameFrom: number[] = [-1]
  const cameBy: number[] = [-1]
  const fairEdges: number[] = []
  const told = new Set<string>()
  let transitions = 0
  let frontier: [index: number, world: World][] = [[0, first]]

  while (frontier.length > 0) {
    const following: [number, World][] = []
    for (const [from, world] of frontier) {
      for (const [ordinal, action] of actionsOf(world, scenario).entries()) {
        let next: World
        try {
          next = action.next()
          for (const { commitId, status } of next.told) told.add(`${commitId} ${status}`)
          next = settled(next, scenario)
          checkWorld(next)
        } catch (error) {
          const violation = story(scenario, pathTo(from, cameFrom, cameBy), ordinal, error)
          return { states: indexOf.size, transitions, told, violation }
        }
        transitions += 1
        const key = keyOf(next, scenario)
        const known = indexOf.get(key)
        const to = known ?? indexOf.size
        if (known === undefined) {
          indexOf.set(key, to)
          cameFrom.push(from)
          cameBy.push(ordinal)
          following.push([to, next])
          if (to > MAX_STATES) throw new RangeError(`more than ${MAX_STATES} states`)
        }
        if (action.isFair) fairEdges.push(from, to)
      }
    }
    frontier = following
  }
  const violation = hasCycle(fairEdges, indexOf.size)
    ? 'progress: without a fault, something goes on for ever'
    : null
  return { states: indexOf.size, transitions, told, violation }
}

function settled(world: World, { rules }: Scenario): World {
  return { ...withoutSpent(world, rules), told: [] }
}

/** The actions that led to state `index`. */
function pathTo(index: number, cameFrom: readonly number[], cameBy: readonly number[]): number[] {
  const path: number[] = []
  for (let at = index; at > 0; at = cameFrom[at] ?? -1) path.unshift(cameBy[at] ?? -1)
  return path
}

/** Goes the way again, for what a reader wants to know of it. */
function story(scenario: Scenario, path: readonly number[], last: number, error: unknown): string {
  if (!(error instanceof Violation)) throw error
  const lines: string[] = []
  let world = newWorld(scenario)
  for (const ordinal of path) {
    const action = actionsOf(world, scenario)[ordinal]
    if (!action) throw new RangeError('the way cannot be gone again')
    const next = action.next()
    const told = next.told.map(({ commitId, status }) => `; ${commitId} is told ${status}`)
    lines.push(action.name + told.join(''))
    world = settled(next, scenario)
  }
  const action = actionsOf(world, scenario)[last]
  return [...lines, action?.name, error.message].join('\n')
}

/** Takes away states from which every way ends (Kahn): what remains lies on a cycle or leads to one. */
function hasCycle(edges: readonly number[], states: number): boolean {
  const waysOut = new Int32Array(states)
  const firstEdgeTo = new Int32Array(states).fill(-1)
  const nextEdge = new Int32Array(edges.length / 2).fill(-1)
  const origin = (edge: number) => edges[edge * 2] ?? -1
  nextEdge.forEach((_, edge) => {
    const to = edges[edge * 2 + 1] ?? -1
    waysOut[origin(edge)] = (waysOut[origin(edge)] ?? 0) + 1
    nextEdge[edge] = firstEdgeTo[to] ?? -1
    firstEdgeTo[to] = edge
  })
  const ended = [...waysOut.keys()].filter((state) => waysOut[state] === 0)
  for (const state of ended) {
    for (let edge = firstEdgeTo[state] ?? -1; edge >= 0; edge = nextEdge[edge] ?? -1) {
      const left = (waysOut[origin(edge)] ?? 0) - 1
      waysOut[origin(edge)] = left
      if (left === 0) ended.push(origin(edge))
    }
  }
  return ended.length < states
}
