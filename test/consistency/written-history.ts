import type { Consistency } from '../../core/log/consistency.ts'
import { seededRandom } from '../durable-objects/graph-log/histories/random.ts'
import type { History, Operation, Read, Write } from './history.ts'
import type { Command } from './simulator/commands.ts'
import { project, type Query } from './simulator/queries.ts'
import { EMPTY_STATE, type State, Universe } from './simulator/universe.ts'
import { applyCommands } from './specification.ts'

/** When an operation began and ended: ticks and milliseconds alike. */
type Span = readonly [begin: number, end: number]

/** A history written by hand, for tests of the checkers. Entities are named by their places. */
export class WrittenHistory {
  readonly #universe = new Universe(seededRandom(1))
  readonly #operations: Operation[] = []
  readonly #states: { state: State; tick: number }[] = [{ state: EMPTY_STATE, tick: 0 }]
  readonly #committed = new Map<string, number[]>()

  upsert(...places: readonly number[]): Command[] {
    const type = this.#universe.entityTypes[0] ?? ''
    return places.map((place) => ({
      ...{ does: 'upsert', on: 'entity', place, type, externalId: null, color: 0 },
      mark: this.#universe.newMark(),
    }))
  }

  create(place: number): Command[] {
    return this.upsert(place).map((command) => ({ ...command, does: 'create' }) as Command)
  }

  /** `at`: when the database did it, if it did. Returns its place among the operations. */
  write(
    span: Span,
    commands: readonly Command[],
    outcome: Write['outcome'],
    at: number | null = span[0],
  ): number {
    const commitId = `${this.#operations.length}`
    if (at !== null) {
      const after = applyCommands(this.#states.at(-1)?.state ?? [], commands, this.#universe)
      this.#states.push({ state: after ?? [], tick: at })
      this.#committed.set(commitId, [this.#states.length - 1])
    }
    return this.#add(span, { does: 'write', commitId, commands, outcome })
  }

  /** Reads entities as they were in the states of these places, one each. */
  read(
    span: Span,
    consistency: Consistency,
    seen: readonly (readonly [place: number, state: number])[],
    after: readonly number[] = [],
  ): number {
    const queries = seen.map(([place]): Query => ({ of: 'entity', place }))
    const observed = seen.flatMap(([place, state]) =>
      project(this.#states[state]?.state ?? [], [{ of: 'entity', place }], this.#universe),
    )
    return this.#add(span, { does: 'read', consistency, queries, observed, isStale: false, after })
  }

  get history(): History {
    return {
      seed: 0,
      universe: this.#universe,
      operations: this.#operations,
      truth: { states: this.#states, committed: this.#committed },
      problems: [],
      faults: [],
    }
  }

  #add(
    [begin, end]: Span,
    what:
      | Pick<Write, 'does' | 'commitId' | 'commands' | 'outcome'>
      | Pick<Read, 'does' | 'consistency' | 'queries' | 'observed' | 'isStale' | 'after'>,
  ): number {
    const [from, to] = [
      { invoked: begin, invokedAt: begin },
      { responded: end, respondedAt: end },
    ]
    return this.#operations.push({ client: 0, ...from, ...to, ...what }) - 1
  }
}
