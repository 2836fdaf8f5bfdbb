import { Cache } from '../../../core/cache/cache.ts'
import type { Loaded, LogReader, ReadRequest, Timed } from '../../../core/cache/log-reader.ts'
import { LogView } from '../../../core/cache/log-view.ts'
import { MemoryTier } from '../../../core/cache/memory.ts'
import { SingleFlight } from '../../../core/cache/single-flight.ts'
import type { Tier } from '../../../core/cache/tier.ts'
import { AppError } from '../../../core/errors.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import { Watermarks } from '../../../core/log/watermarks.ts'
import { ManualWaiting } from './manual-waiting.ts'

/** A log of named values, its object and its database, and one isolate that reads it. */
export class SmallLog {
  readonly waiting = new ManualWaiting()
  readonly view = new LogView()
  readonly memory = new MemoryTier(1_000_000, this.waiting.now)
  readonly tiers: Tier[] = []
  readonly flights = new SingleFlight<Timed<Loaded<unknown>>>()
  historyId = 'h1'
  seq = 0
  isObjectAway = false
  isPrimaryAway = false
  /** What the object knows; the database may be ahead of it. */
  watermarks = new Watermarks(0)
  #values = new Map<string, string>()
  /** What happened, in order: `ask 3` (at least 3), `load a,b`. */
  readonly trace: string[] = []
  /** Done when a load has seen its snapshot, and before and after the object makes an answer. */
  beforeLoad: () => Promise<void> | void = () => {}
  beforeTold: () => void = () => {}
  afterTold: () => void = () => {}

  /** Writes to the database; `isHeard`: the object knows of it. */
  write(names: readonly string[], isHeard = true): void {
    this.seq += 1
    for (const name of names) this.#values.set(name, `${name}@${this.seq}`)
    if (isHeard) this.watermarks.touch(names.map(tagOf), this.seq)
    else this.#unheard.push([names, this.seq])
  }

  /** Goes back to an empty log of another history. */
  restore(historyId: string): void {
    this.historyId = historyId
    this.seq = 0
    this.#values = new Map()
    this.#unheard = []
    this.watermarks = new Watermarks(0)
  }

  request(
    names: readonly string[],
    consistency: Consistency,
    parts: Partial<ReadRequest<string>> = {},
  ): ReadRequest<string> {
    return {
      kind: 'entity',
      names,
      load: (indexes) => this.#load(indexes.map((i) => names[i] ?? '')),
      consistency,
      bookmark: null,
      arrivedAt: this.waiting.now(),
      ...parts,
    }
  }

  get reader(): LogReader {
    return {
      view: this.view,
      after: this.view.calls,
      ask: async (since, atLeast) => {
        this.trace.push(`ask ${atLeast}`)
        if (this.isObjectAway) throw new Error('away')
        this.beforeTold()
        if (this.watermarks.head < atLeast) this.#hear()
        const head = { historyId: this.historyId, watermarks: this.watermarks.since(since) }
        this.afterTold()
        return head
      },
      cache: new Cache({
        memory: this.memory,
        tiers: this.tiers,
        waiting: this.waiting,
        onEvent: () => {},
      }),
      flights: this.flights,
      keyPrefix: (historyId) => `${historyId}:`,
      now: this.waiting.now,
      waiting: this.waiting,
    }
  }

  /** What happened since the last look. */
  takeTrace(): string[] {
    return this.trace.splice(0)
  }

  #unheard: [names: readonly string[], seq: number][] = []

  #hear(): void {
    for (const [names, seq] of this.#unheard.splice(0)) {
      this.watermarks.touch(names.map(tagOf), seq)
    }
  }

  async #load(names: readonly string[]): Promise<Loaded<string>> {
    this.trace.push(`load ${names.join()}`)
    const { historyId, seq } = this
    const values = names.map((name) => ({
      value: this.#values.get(name) ?? 'nothing',
      tags: [tagOf(name)],
      bytes: 10,
    }))
    await this.beforeLoad()
    if (this.isPrimaryAway) throw new AppError('unavailable', 'the primary is away')
    return { historyId, seq, values }
  }
}

function tagOf(name: string): string {
  return `e:${name}`
}
