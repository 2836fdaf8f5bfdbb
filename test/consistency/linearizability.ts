import type { History, Operation, Read, Write } from './history.ts'
import { isSame, project } from './simulator/queries.ts'
import { EMPTY_STATE, type State, type Universe } from './simulator/universe.ts'
import { applyCommands } from './specification.ts'

/** Steps after which a search is given up: then nothing is known, which is said and not passed over. */
const MAX_STEPS = 200_000

export type Verdict = 'linearizable' | 'not linearizable' | 'undecided'

/** Whether an operation could be the next in `state`, and what it would leave behind. */
type Step = (state: State) => State | null

type Entry = {
  readonly step: Step
  readonly changes: boolean
  readonly invoked: number
  /** `Infinity`: may be done at any time after its invocation, or never. */
  readonly responded: number
  /** Where to look first; says nothing of what is allowed. */
  readonly hint: number
}

/**
 * Wing and Gong's search, with memoisation as in Lowe's and Porcupine's: is there an order of the
 * strong reads and all writes that respects real time and in which each of them, done by the
 * specification alone, gives what its client saw? "Testing and verifying concurrent objects",
 * J. M. Wing and C. Gong, 1993. What is only read may go first wherever it fits, since it closes no
 * way; so the search branches over writes alone.
 */
export function checkLinearizable({ operations, universe, truth }: History): Verdict {
  const entries = operations
    .filter((operation) => isRelevant(operation))
    .map((operation) => entryOf(operation, universe, truth.committed))
    .sort((a, b) => a.invoked - b.invoked)
  return new Search(entries).run()
}

function isRelevant(operation: Operation): boolean {
  return operation.does === 'read'
    ? operation.consistency.level === 'strong'
    : operation.outcome !== 'void'
}

function entryOf(
  operation: Operation,
  universe: Universe,
  committed: ReadonlyMap<string, readonly number[]>,
): Entry {
  const { invoked, responded } = operation
  if (operation.does === 'read') {
    return { step: readStep(operation, universe), changes: false, invoked, responded, hint: 0 }
  }
  const { outcome, commitId, again = 0 } = operation
  const hint = committed.get(commitId)?.[again] ?? Number.POSITIVE_INFINITY
  return {
    step: writeStep(operation, universe),
    changes: outcome !== 'refused',
    invoked,
    responded: outcome === 'unknown' ? Number.POSITIVE_INFINITY : responded,
    hint,
  }
}

function readStep({ queries, observed }: Read, universe: Universe): Step {
  return (state) => (isSame(project(state, queries, universe), observed) ? state : null)
}

function writeStep({ commands, outcome }: Write, universe: Universe): Step {
  if (outcome !== 'refused') return (state) => applyCommands(state, commands, universe)
  return (state) => (applyCommands(state, commands, universe) === null ? state : null)
}

class Search {
  readonly #entries: readonly Entry[]
  readonly #isDone: Uint8Array
  readonly #failed = new Set<string>()
  #left: number
  #steps = 0

  constructor(entries: readonly Entry[]) {
    this.#entries = entries
    this.#isDone = new Uint8Array(entries.length)
    this.#left = entries.filter(({ responded }) => responded !== Number.POSITIVE_INFINITY).length
  }

  run(): Verdict {
    const found = this.#search(EMPTY_STATE, 0)
    if (found) return 'linearizable'
    return this.#steps > MAX_STEPS ? 'undecided' : 'not linearizable'
  }

  /** All before `first` are done. */
  #search(state: State, first: number): boolean {
    this.#steps += 1
    const done = this.#doReads(state, first)
    if (this.#left === 0) return true
    let begin = first
    while (begin < this.#isDone.length && this.#isDone[begin] === 1) begin += 1
    const key = `${state.join()} ${this.#isDone.join('')}`
    if (this.#steps <= MAX_STEPS && !this.#failed.has(key)) {
      for (const index of this.#nextWrites(begin)) {
        const entry = this.#entries[index]
        const after = entry?.step(state)
        if (!entry || !after) continue
        this.#mark(index, entry)
        if (this.#search(after, begin)) return true
        this.#unmark(index, entry)
        if (this.#steps > MAX_STEPS) break
      }
      this.#failed.add(key)
    }
    for (const index of done) {
      const entry = this.#entries[index]
      if (entry) this.#unmark(index, entry)
    }
    return false
  }

  /** Does all reads that may be next and give what they saw; their order does not matter. */
  #doReads(state: State, first: number): number[] {
    const done: number[] = []
    for (let again = true; again; ) {
      again = false
      const limit = this.#firstResponse(first)
      for (let i = first; i < this.#entries.length; i += 1) {
        const entry = this.#entries[i]
        if (!entry || entry.invoked > limit) break
        if (this.#isDone[i] === 1 || entry.changes || !entry.step(state)) continue
        this.#mark(i, entry)
        done.push(i)
        again = true
      }
    }
    return done
  }

  /** Whatever was invoked later than this cannot be next. */
  #firstResponse(first: number): number {
    let earliest = Number.POSITIVE_INFINITY
    for (let i = first; i < this.#entries.length; i += 1) {
      const entry = this.#entries[i]
      if (!entry || entry.invoked > earliest) break
      if (this.#isDone[i] === 0 && entry.responded < earliest) earliest = entry.responded
    }
    return earliest
  }

  #nextWrites(first: number): number[] {
    const limit = this.#firstResponse(first)
    const next: number[] = []
    for (let i = first; i < this.#entries.length; i += 1) {
      const entry = this.#entries[i]
      if (!entry || entry.invoked > limit) break
      if (this.#isDone[i] === 0 && entry.changes) next.push(i)
    }
    const hint = (index: number) => this.#entries[index]?.hint ?? 0
    return next.sort((a, b) => hint(a) - hint(b))
  }

  #mark(index: number, { responded }: Entry): void {
    this.#isDone[index] = 1
    if (responded !== Number.POSITIVE_INFINITY) this.#left -= 1
  }

  #unmark(index: number, { responded }: Entry): void {
    this.#isDone[index] = 0
    if (responded !== Number.POSITIVE_INFINITY) this.#left += 1
  }
}
