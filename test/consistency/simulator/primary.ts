import type { GraphRequest } from '../../../core/log/requests.ts'
import type { LogStore } from '../../../db/log-store.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import { ModelGraph, type SavedGraph } from '../../fakes/model-graph/model-graph.ts'
import { modelGraphStore } from '../../fakes/model-graph/model-graph-store.ts'
import type { Truth } from '../history.ts'
import { stateOf } from './load.ts'
import type { Scheduler } from './scheduler.ts'
import { EMPTY_STATE, type State, type Universe } from './universe.ts'

export const TENANT = '00000000-0000-4000-8000-000000000001'
export const EPOCH_MS = 1_760_000_000_000

/** The graph in the database, and a record of every state it went through. */
export class Primary implements Truth {
  readonly graph: ModelGraph
  readonly store: LogStore<GraphRequest>
  readonly states: { readonly state: State; readonly tick: number }[]
  readonly committed = new Map<string, number[]>()
  isAway = false
  readonly #scheduler: Scheduler
  readonly #universe: Universe
  readonly #random: Random
  #saved: { readonly graph: SavedGraph; readonly state: State } | null = null

  constructor(
    universe: Universe,
    random: Random,
    scheduler: Scheduler,
    options: { readonly recentEvents: number },
  ) {
    this.#universe = universe
    this.#random = random
    this.#scheduler = scheduler
    this.graph = new ModelGraph(TENANT, random.uuid())
    const now = () => EPOCH_MS + scheduler.now
    const store = modelGraphStore(this.graph, { tenantId: TENANT, epoch: 1, now, ...options })
    this.store = {
      open: store.open,
      commit: async (fence, group) => {
        const before = this.graph.row.seq
        const committed = await store.commit(fence, group)
        if (committed.seq > before) this.#record(group, before)
        return committed
      },
    }
    this.states = [{ state: EMPTY_STATE, tick: 0 }]
  }

  get state(): State {
    return this.states.at(-1)?.state ?? EMPTY_STATE
  }

  save(): void {
    this.#saved = { graph: this.graph.save(), state: this.state }
  }

  /** Goes back to what was saved under a new history, as one transaction; tells to which state. */
  restore(commitId: string): State | null {
    if (!this.#saved) return null
    this.graph.restore(this.#saved.graph, this.#random.uuid())
    const { state } = this.#saved
    this.states.push({ state, tick: this.#scheduler.tick })
    this.committed.set(commitId, [this.states.length - 1])
    return state
  }

  #record(group: readonly GraphRequest[], before: number): void {
    this.states.push({ state: stateOf(this.graph, this.#universe), tick: this.#scheduler.tick })
    const index = this.states.length - 1
    const written = new Set<string>()
    for (let at = this.graph.events.length - 1; at >= 0; at -= 1) {
      const event = this.graph.events[at]
      if (!event || event.seq <= before) break
      written.add(event.commit_id)
    }
    for (const { commitId } of group) {
      if (!written.has(commitId)) continue
      const earlier = this.committed.get(commitId)
      if (earlier) earlier.push(index)
      else this.committed.set(commitId, [index])
    }
  }
}
