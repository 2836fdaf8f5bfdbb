import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import type { History, Operation } from '../history.ts'
import { Client, type Clients } from './client.ts'
import { causeFaults } from './faults.ts'
import { Isolate, type Surroundings } from './isolate.ts'
import { LogObject } from './log-object.ts'
import { Primary } from './primary.ts'
import { Scheduler } from './scheduler.ts'
import { TierService } from './tiers.ts'
import { Universe } from './universe.ts'
import { someWeather } from './weather.ts'

/** How long a client waits at most, in virtual time. */
const PATIENCE_MS = 60_000

/** One history under way: `step` until it says that it is over. */
export class Simulation {
  readonly #seed: number
  readonly #surroundings: Surroundings
  readonly #clients: Clients
  #isOver = false

  /** The same history for the same arguments. `searches`: how many of the reads search the graph. */
  constructor(seed: number, operations: number, searches = 0) {
    this.#seed = seed
    const random = seededRandom(seed)
    const scheduler = new Scheduler(random)
    const universe = new Universe(random, searches > 0 ? random.uuid : undefined)
    const weather = someWeather(random, operations)
    const { chances } = weather
    const primary = new Primary(universe, random, scheduler, weather)
    const object = new LogObject(primary, scheduler, random, weather)
    const redis = new TierService(scheduler, random, chances, weather.redis)
    const edges = [1, 2].map(() => new TierService(scheduler, random, chances, weather.edge))
    const surroundings = { universe, scheduler, random, weather, primary, object, redis }
    this.#surroundings = surroundings
    this.#clients = {
      surroundings,
      operations: [],
      problems: [],
      faults: [],
      all: [],
      searches,
      isolates: Array.from(
        { length: weather.isolates },
        () => new Isolate(surroundings, random.pick(edges)),
      ),
      restores: 0,
      settledHistory: primary.graph.row.historyId,
      left: operations,
    }
    for (let number = 0; number < weather.clients; number += 1) {
      this.#clients.all.push(new Client(number, this.#clients))
    }
    void this.#run(edges)
  }

  /** `false`: all clients are done. */
  step(): boolean {
    return !this.#isOver && this.#surroundings.scheduler.step()
  }

  get history(): History {
    const { operations, problems, faults } = this.#clients
    const { universe, primary } = this.#surroundings
    const stuck = this.#isOver ? [] : ['nothing happens any more, and clients are waiting']
    return {
      seed: this.#seed,
      universe,
      operations: [...operations, ...doneAgain(operations, primary.committed)],
      truth: primary,
      problems: [...problems, ...stuck],
      faults,
    }
  }

  async #watch(): Promise<void> {
    const { scheduler } = this.#surroundings
    while (!this.#isOver) {
      await scheduler.sleep(PATIENCE_MS)
      for (const client of this.#clients.all) client.loseBefore(scheduler.now - PATIENCE_MS)
    }
  }

  async #run(edges: readonly TierService[]): Promise<void> {
    const { all, problems } = this.#clients
    try {
      void this.#watch()
      void causeFaults(this.#clients, edges, () => this.#isOver)
      await Promise.all(all.map((client) => client.run()))
    } catch (error) {
      problems.push(`the simulator failed: ${error instanceof Error ? error.stack : error}`)
    }
    this.#isOver = true
  }
}

/** What was done, undone by a restore and then done again counts as two operations. */
function doneAgain(
  operations: readonly Operation[],
  committed: ReadonlyMap<string, readonly number[]>,
): Operation[] {
  return operations.flatMap((operation): Operation[] => {
    if (operation.does === 'read') return []
    const again = (committed.get(operation.commitId)?.length ?? 0) - 1
    const never = { responded: Number.POSITIVE_INFINITY, respondedAt: Number.POSITIVE_INFINITY }
    const copy = { ...operation, ...never, outcome: 'unknown' } as const
    return Array.from({ length: Math.max(0, again) }, (_, i) => ({ ...copy, again: i + 1 }))
  })
}
