import { Cache, type Lookups } from '../../core/cache/cache.ts'
import type { CacheEvent } from '../../core/cache/events.ts'
import { guardedTier, newBreaker } from '../../core/cache/guarded-tier.ts'
import { OwnLeases } from '../../core/cache/lease.ts'
import type { Loaded, LogReader, ReadAnswer, Timed } from '../../core/cache/log-reader.ts'
import { LogView } from '../../core/cache/log-view.ts'
import { MemoryTier } from '../../core/cache/memory.ts'
import { read } from '../../core/cache/read.ts'
import { redisTier } from '../../core/cache/redis-tier.ts'
import { SingleFlight } from '../../core/cache/single-flight.ts'
import type { Consistency } from '../../core/log/consistency.ts'
import { Watermarks } from '../../core/log/watermarks.ts'
import type { FakeRedis } from './fake-redis.ts'

/** A log whose values are the seqs at which they were last touched. */
export class FakeLog {
  readonly historyId = 'history'
  readonly watermarks = new Watermarks(0)
  readonly #touched = new Map<string, number>()
  loads = 0
  loadMs = 50
  /** What a load does in place of answering; by the number of the load, from 1. */
  onLoad: (load: number) => Promise<void> = async () => {}

  touch(name: string): void {
    const seq = this.watermarks.head + 1
    this.watermarks.touch([`e:${name}`], seq)
    this.#touched.set(name, seq)
  }

  async load(name: string): Promise<Loaded<number>> {
    this.loads += 1
    const number = this.loads
    const loaded = {
      historyId: this.historyId,
      seq: this.watermarks.head,
      values: [{ value: this.valueOf(name), tags: [`e:${name}`], bytes: 10 }],
    }
    await sleep(this.loadMs)
    await this.onLoad(number)
    return loaded
  }

  valueOf(name: string): number {
    return this.#touched.get(name) ?? 0
  }
}

let owners = 0

/** An isolate with the shipped cache over a Redis that it shares with others. */
export class CacheIsolate {
  readonly events: CacheEvent[] = []
  readonly #log: FakeLog
  readonly #redis: FakeRedis
  readonly #memory = new MemoryTier(1_000_000, () => Date.now())
  readonly #view = new LogView()
  readonly #flights = new SingleFlight<Timed<Loaded<unknown>>>()
  readonly #lookups: Lookups = new SingleFlight()
  readonly #leases = new OwnLeases()
  readonly #breaker = newBreaker()

  constructor(log: FakeLog, redis: FakeRedis) {
    this.#log = log
    this.#redis = redis
  }

  count(type: CacheEvent['type']): number {
    return this.events.filter((event) => event.type === type).length
  }

  async read(name: string, consistency: Consistency = { level: 'strong' }): Promise<number> {
    const { values } = await this.ask(name, consistency)
    return values[0] ?? Number.NaN
  }

  ask(name: string, consistency: Consistency): Promise<ReadAnswer<number>> {
    return read<number>(this.#reader(), {
      ...{ kind: 'entity', names: [name], consistency, bookmark: null, arrivedAt: Date.now() },
      load: () => this.#log.load(name),
    })
  }

  #reader(): LogReader {
    const waiting = { sleep, waitUntil: (work: Promise<unknown>) => void work.catch(() => {}) }
    const newOwner = () => {
      owners += 1
      return `owner ${owners}`
    }
    const tier = redisTier(this.#redis, { leases: this.#leases, newOwner })
    return {
      ...{ view: this.#view, flights: this.#flights, waiting, now: Date.now },
      after: this.#view.calls,
      ask: async (since) => {
        await sleep(1)
        const { historyId, watermarks } = this.#log
        return { historyId, watermarks: watermarks.since(since) }
      },
      keyPrefix: (historyId) => `${historyId}:`,
      cache: new Cache({
        ...{ memory: this.#memory, waiting, lookups: this.#lookups },
        tiers: [guardedTier(tier, this.#breaker)],
        onEvent: (event) => this.events.push(event),
      }),
    }
  }
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
