import { Cache } from '../../core/cache/cache.ts'
import type { Entry } from '../../core/cache/entry.ts'
import type { LogReader } from '../../core/cache/log-reader.ts'
import { LogView } from '../../core/cache/log-view.ts'
import { MemoryTier } from '../../core/cache/memory.ts'
import { read } from '../../core/cache/read.ts'
import { SingleFlight } from '../../core/cache/single-flight.ts'
import type { Tier, TierName } from '../../core/cache/tier.ts'
import type { EventHeader } from '../../core/log/events.ts'
import { recordTags } from '../../core/log/read-tags.ts'
import { tagsOf } from '../../core/log/tags.ts'
import { Watermarks } from '../../core/log/watermarks.ts'
import { Oracle } from './oracle.ts'
import { zipf } from './zipf.ts'

export type Scenario = {
  readonly entities: number
  readonly operations: number
  readonly writeShare: number
  readonly operationsPerSecond: number
  readonly exponent: number
  readonly isolatesPerPlace: number
  readonly places: number
  readonly memoryBytes: number
  /** Bytes that memory counts for one entity. */
  readonly entityBytes: number
  /** Others that write to entities nobody reads; `null`: none. */
  readonly writers: {
    readonly entities: number
    readonly commitsPerSecond: number
    readonly groupSize: number
  } | null
}

export type Rates = Readonly<Record<TierName, { readonly ours: number; readonly oracle: number }>>

export type Result = {
  /** Shares of reads answered by a tier or one nearer, beside the oracle's. */
  readonly rates: Rates
  readonly evictions: number
  readonly listedBuckets: number
  readonly bucketCount: number
  readonly seq: number
  readonly differenceBuckets: number
}

const HISTORY = 'history'
const WAITING = { sleep: async () => {}, waitUntil: () => {} }

/** Runs the shipped cache and watermarks over modelled far tiers; the first tenth does not count. */
export async function simulate(scenario: Scenario, random: () => number): Promise<Result> {
  const { entities, places, isolatesPerPlace } = scenario
  const log = new Log(random)
  const redis = mapTier('redis')
  const edges = Array.from({ length: places }, () => mapTier('edge'))
  let nowMs = 1_000_000
  const isolates = edges.flatMap((edge, place) =>
    Array.from({ length: isolatesPerPlace }, () => ({
      place,
      ...newIsolate(log, [edge, redis], scenario.memoryBytes, () => nowMs),
    })),
  )
  const oracle = new Oracle(entities, { memory: isolates.length, edge: places, redis: 1 })
  const draw = zipf(entities, scenario.exponent, random)
  const hits: Record<TierName, number> = { memory: 0, edge: 0, redis: 0 }
  let [reads, due] = [0, 0]
  const before = { ...oracle.hits }
  for (let operation = 0; operation < scenario.operations; operation += 1) {
    const isWarm = operation >= scenario.operations / 10
    if (!isWarm) Object.assign(before, oracle.hits)
    nowMs += 1_000 / scenario.operationsPerSecond
    const { writers } = scenario
    if (writers) {
      due += writers.commitsPerSecond / scenario.operationsPerSecond
      for (; due >= writers.groupSize; due -= writers.groupSize) {
        for (let i = 0; i < writers.groupSize; i += 1) {
          log.write(entities + Math.floor(random() * writers.entities))
        }
      }
    }
    const value = draw()
    if (random() < scenario.writeShare) {
      log.write(value)
      oracle.change(value)
      continue
    }
    const at = Math.floor(random() * isolates.length)
    const isolate = isolates[at]
    if (!isolate) continue
    const { source, values } = await isolate.read(value, scenario.entityBytes)
    if (values[0] !== log.versionOf(value)) throw new Error(`entity ${value} was read stale`)
    oracle.read(value, { memory: at, edge: isolate.place, redis: 0 })
    if (!isWarm) continue
    reads += 1
    if (source === 'memory') hits.memory += 1
    if (source === 'memory' || source === 'edge') hits.edge += 1
    if (source !== 'origin') hits.redis += 1
  }
  const rate = (tier: TierName) => ({
    ours: hits[tier] / reads,
    oracle: (oracle.hits[tier] - before[tier]) / reads,
  })
  return {
    rates: { memory: rate('memory'), edge: rate('edge'), redis: rate('redis') },
    evictions: isolates.reduce((sum, { memory }) => sum + memory.evicted, 0),
    ...log.size(),
    differenceBuckets: log.told / reads,
  }
}

/** What the log's object knows, and which version each entity has. */
class Log {
  readonly watermarks = new Watermarks(0)
  readonly #versions = new Map<number, number>()
  readonly #ids = new Map<number, string>()
  readonly #random: () => number
  told = 0

  constructor(random: () => number) {
    this.#random = random
  }

  idOf(entity: number): string {
    const known = this.#ids.get(entity)
    if (known) return known
    const id = Array.from({ length: 4 }, () =>
      Math.floor(this.#random() * 2 ** 32).toString(16),
    ).join('-')
    this.#ids.set(entity, id)
    return id
  }

  versionOf(entity: number): number {
    return this.#versions.get(entity) ?? 0
  }

  write(entity: number): void {
    const seq = this.watermarks.head + 1
    const event: EventHeader = {
      ...{ seq, kind: 'entity.updated', subjectId: this.idOf(entity), type: 'host' },
      ...{ fromId: null, toId: null, externalId: `host-${entity}` },
    }
    this.watermarks.touch(tagsOf(event), seq)
    this.#versions.set(entity, seq)
  }

  size() {
    const { bucketCount, buckets, head } = this.watermarks.since(0)
    return { bucketCount, listedBuckets: buckets.length, seq: head }
  }
}

function newIsolate(log: Log, tiers: readonly Tier[], memoryBytes: number, now: () => number) {
  const memory = new MemoryTier(memoryBytes, now)
  const [view, flights] = [new LogView(), new SingleFlight()]
  const cache = new Cache({ memory, tiers, waiting: WAITING, onEvent: () => {} })
  const reader = (): LogReader => ({
    ...{ view, flights: flights as LogReader['flights'], cache, now, waiting: WAITING },
    after: view.calls,
    ask: async (since) => {
      const watermarks = log.watermarks.since(since)
      log.told += watermarks.buckets.length
      return { historyId: HISTORY, watermarks }
    },
    keyPrefix: () => 't2:0192f0c1-7c9e-7a6e-b0a4-0d5c2f6f1a11:0192f0c1-7c9e-7a6e-b0a4:',
  })
  return {
    memory,
    read(entity: number, bytes: number) {
      const id = log.idOf(entity)
      return read<number>(reader(), {
        ...{ kind: 'entity', names: [`entity:${id}`], bookmark: null, arrivedAt: now() },
        // So that every change counts at once: at weaker levels a hit may be a second old.
        consistency: { level: 'strong' },
        load: async () => ({
          historyId: HISTORY,
          seq: log.watermarks.head,
          values: [{ value: log.versionOf(entity), tags: recordTags({ id }), bytes }],
        }),
      })
    },
  }
}

/** A far tier that keeps everything. */
function mapTier(name: TierName): Tier {
  const kept = new Map<string, Entry<unknown>>()
  return {
    name,
    get: async (keys) => keys.map((key) => kept.get(key) ?? null),
    set: async (entries) => {
      for (const [key, entry] of entries) kept.set(key, entry)
    },
    delete: async (keys) => {
      for (const key of keys) kept.delete(key)
    },
  }
}
