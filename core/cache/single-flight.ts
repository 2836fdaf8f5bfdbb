/** What waiting needs of the runtime. */
export type Waiting = {
  readonly sleep: (ms: number) => Promise<void>
  /** Keeps work alive when the request that began it is gone. */
  readonly waitUntil: (work: Promise<unknown>) => void
}

/**
 * How long one who joined waits for the work of another before leading it himself: workerd drops
 * what belongs to a request that is gone, and its promise then never settles.
 */
export const FOLLOWER_DEADLINE_MS = 2_000

const LATE = Symbol('late')

/**
 * Runs the same work once for all who ask while it is under way. The first one leads, under
 * `waitUntil`; when the leader fails or takes too long, one of the followers leads anew. The failure
 * of that one is the failure of all.
 */
export class SingleFlight<T> {
  readonly #flights = new Map<string, Promise<T>>()

  async run(key: string, work: () => Promise<T>, waiting: Waiting): Promise<T> {
    for (let failures = 0; ; failures += 1) {
      const flight = this.#flights.get(key)
      if (!flight) return this.#lead(key, work, waiting)
      const outcome = await Promise.race([
        // A leader's failure may be its own; what fails twice fails for all, or they would try one
        // after the other.
        failures === 0 ? flight.catch(() => LATE) : flight,
        waiting.sleep(FOLLOWER_DEADLINE_MS).then(() => LATE),
      ])
      if (outcome !== LATE) return outcome as T
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    }
  }

  #lead(key: string, work: () => Promise<T>, { waitUntil }: Waiting): Promise<T> {
    const flight = work().finally(() => {
      if (this.#flights.get(key) === flight) this.#flights.delete(key)
    })
    this.#flights.set(key, flight)
    waitUntil(flight.catch(() => undefined))
    return flight
  }
}
