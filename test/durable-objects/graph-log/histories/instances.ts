import { footprint } from '../../../../core/log/footprint.ts'
import type { GraphRequest } from '../../../../core/log/requests.ts'
import { DatabaseError } from '../../../../db/client.ts'
import type { LogStore } from '../../../../db/log-store.ts'
import { LogRunner } from '../../../../durable-objects/graph-log/runner.ts'
import type { Told } from './attempts.ts'
import type { Rates } from './faults.ts'
import type { Random } from './random.ts'

type Instance = {
  readonly number: number
  readonly runner: LogRunner<GraphRequest>
  readonly evicted: AbortSignal
  evict(): void
}

/** How often, before a call, one of two instances goes. */
const END_OF_DOUBLE = 0.03

export type Answered = {
  readonly told: Told
  readonly instance: number
  readonly knownHead: number | null
}

/** The objects of one log, of which the platform promises one at a time and now and then has two. */
export class Instances {
  readonly #store: LogStore<GraphRequest>
  readonly #random: Random
  readonly #rates: Rates
  #alive: Instance[] = []
  #started = 0
  /** Instances evicted, those started while another was alive, and commits given up. */
  readonly counts = { evicted: 0, doubled: 0, abandoned: 0 }
  isCalm = false

  constructor(store: LogStore<GraphRequest>, random: Random, rates: Rates) {
    this.#store = store
    this.#random = random
    this.#rates = rates
    this.#start()
  }

  /** Sends the request to any instance, and now and then evicts or starts one before. */
  async submit(request: GraphRequest): Promise<Answered> {
    if (!this.isCalm) this.#stir()
    const instance = this.#random.pick(this.#alive)
    const { runner, evicted, number } = instance
    const told = await Promise.race([runner.submit(request), whenEvicted(evicted)])
    return { told, instance: number, knownHead: runner.head?.watermarks.head ?? null }
  }

  /** From now on there is one instance, a new one, and nothing happens to it. */
  calm(): void {
    this.isCalm = true
    while (this.#alive.length > 0) this.#evict()
    this.#start()
  }

  #stir(): void {
    const { length } = this.#alive
    if (this.#random.chance(length > 1 ? END_OF_DOUBLE : this.#rates.evicted)) {
      this.#evict()
      if (length === 1) this.#start()
    } else if (length === 1 && this.#random.chance(this.#rates.doubled)) {
      this.counts.doubled += 1
      this.#start()
    }
  }

  #evict(): void {
    const instance = this.#random.pick(this.#alive)
    this.#alive = this.#alive.filter((each) => each !== instance)
    this.counts.evicted += 1
    instance.evict()
  }

  /** Some commits are given up at once: they arrive after whatever their instance does next. */
  #abandoning(store: LogStore<GraphRequest>): LogStore<GraphRequest> {
    return {
      open: (commitIds) => store.open(commitIds),
      commit: (fence, group) => {
        const sent = store.commit(fence, group)
        if (this.isCalm || !this.#random.chance(this.#rates.abandoned)) return sent
        this.counts.abandoned += 1
        sent.catch(() => {
          // Refused by the fence, most likely; nobody waits for it.
        })
        return Promise.reject(new DatabaseError('given up', { certain: false, cause: null }))
      },
    }
  }

  #start(): void {
    const controller = new AbortController()
    const { signal } = controller
    const store = mortal(this.#store, signal)
    this.#started += 1
    this.#alive.push({
      number: this.#started,
      runner: new LogRunner(this.#abandoning(store), footprint),
      evicted: signal,
      evict: () => controller.abort(),
    })
  }
}

function whenEvicted(signal: AbortSignal): Promise<Told> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve({ status: 'evicted' }), { once: true })
  })
}

/** What an evicted instance sent goes on; it hears of nothing any more, and sends nothing. */
function mortal(store: LogStore<GraphRequest>, evicted: AbortSignal): LogStore<GraphRequest> {
  const never = new Promise<never>(() => {})
  async function whileAlive<T>(call: () => Promise<T>): Promise<T> {
    if (evicted.aborted) return never
    try {
      const result = await call()
      return evicted.aborted ? never : result
    } catch (error) {
      if (evicted.aborted) return never
      throw error
    }
  }
  return {
    open: (commitIds) => whileAlive(() => store.open(commitIds)),
    commit: (fence, group) => whileAlive(() => store.commit(fence, group)),
  }
}
