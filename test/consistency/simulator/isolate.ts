import { Cache, type Lookups } from '../../../core/cache/cache.ts'
import type {
  Freshness,
  Loaded,
  LogReader,
  ReadAnswer,
  Timed,
} from '../../../core/cache/log-reader.ts'
import type { LogHead } from '../../../core/cache/log-view.ts'
import { LogView } from '../../../core/cache/log-view.ts'
import { MemoryTier } from '../../../core/cache/memory.ts'
import { prefetch, read } from '../../../core/cache/read.ts'
import { SingleFlight, type Waiting } from '../../../core/cache/single-flight.ts'
import { unchanged } from '../../../core/cache/unchanged.ts'
import { AppError, isAppError, notFound } from '../../../core/errors.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'
import { graphId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import type { Etag } from '../../../core/log/etag.ts'
import { logTags, recordTags } from '../../../core/log/read-tags.ts'
import type { CommitAnswer, GraphRequest } from '../../../core/log/requests.ts'
import type { Database } from '../../../db/client.ts'
import { committed } from '../../../durable-objects/graph-log/committed.ts'
import type { LogRunner } from '../../../durable-objects/graph-log/runner.ts'
import { TopologyShelf } from '../../../workers/operations/topology/shelf.ts'
import { whileNamesHold } from '../../../workers/operations/topology/while-names-hold.ts'
import { withTopology } from '../../../workers/operations/topology/with-topology.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import { engineSearch } from './engine-search.ts'
import { load, tagsBefore, type Value } from './load.ts'
import type { LogObject } from './log-object.ts'
import { EPOCH_MS, type Primary, TENANT } from './primary.ts'
import { project, type RecordQuery } from './queries.ts'
import type { Scheduler } from './scheduler.ts'
import { type NamedSearch, NOT_THERE, type PlacedSearch, type Search } from './searches.ts'
import type { TierService } from './tiers.ts'
import { topologyDatabase } from './topology-database.ts'
import type { Universe } from './universe.ts'
import { delayMs, type Weather } from './weather.ts'

/** Everything that isolates share. */
export type Surroundings = {
  readonly universe: Universe
  readonly scheduler: Scheduler
  readonly random: Random
  readonly weather: Weather
  readonly primary: Primary
  readonly object: LogObject
  readonly redis: TierService
}

/** Room for the one graph there is. */
const TOPOLOGY_BYTES = 1_000_000

/** A worker's isolate: what outlives a request, and a clock of its own. */
export class Isolate {
  readonly surroundings: Surroundings
  readonly edge: TierService
  readonly view = new LogView()
  readonly flights = new SingleFlight<Timed<Loaded<unknown>>>()
  readonly lookups: Lookups = new SingleFlight()
  readonly memory: MemoryTier
  readonly topologies = new TopologyShelf(TOPOLOGY_BYTES)
  isAlive = true
  skewMs: number
  /** Clients that wait for an answer from here. */
  readonly waiting = new Set<() => void>()

  constructor(surroundings: Surroundings, edge: TierService) {
    this.surroundings = surroundings
    this.edge = edge
    // Clocks of different machines are not compared by anybody.
    this.skewMs = surroundings.random.below(100_000)
    this.memory = new MemoryTier(surroundings.weather.memoryBytes, this.now)
  }

  now = (): number => EPOCH_MS + this.surroundings.scheduler.now + this.skewMs

  drop(): void {
    this.isAlive = false
    for (const lose of this.waiting) lose()
  }
}

/** An answer that a client has, with the tag it came with. */
export type Kept = { readonly value: Value; readonly etag: Etag }

/** What a search observed, and by which engine. */
export type SearchAnswer = Pick<ReadAnswer<unknown>, 'historyId' | 'seq' | 'seen' | 'isStale'> & {
  readonly observed: readonly number[]
  /** `null`: none was asked. */
  readonly engine: 'memory' | 'sql' | null
}

/** How a request reads, beside what its client asks for. */
export type ReadManner = {
  readonly isUncached: boolean
  /** How long before the read itself the watermarks are asked for; `null`: they are not. */
  readonly prefetchMs: number | null
  /** What the client has of a query that is the only one. */
  readonly kept: Kept | null
}

/** What belongs to one request; when it is gone, nothing that it waits for comes back. */
export class IsolateContext {
  readonly isolate: Isolate
  readonly arrivedAt: number
  isGone = false

  constructor(isolate: Isolate) {
    this.isolate = isolate
    this.arrivedAt = isolate.now()
  }

  get #isReachable(): boolean {
    return this.isolate.isAlive && !this.isGone
  }

  /** `work` is done here, later. */
  after<T>(waitMs: number, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.isolate.surroundings.scheduler.schedule(waitMs, () => {
        if (!this.#isReachable) return
        try {
          resolve(work())
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  /** A call to the log's object: it, or its answer, may be lost. */
  call<T>(work: (runner: LogRunner<GraphRequest>) => T | Promise<T>): Promise<T> {
    const { scheduler, random, weather, object } = this.isolate.surroundings
    const { callLost } = weather.chances
    return new Promise((resolve, reject) => {
      const back = (tell: () => void) =>
        scheduler.schedule(delayMs(random, weather.call), () => {
          if (this.#isReachable) tell()
        })
      const fail = (error: Error) => back(() => reject(error))
      const isAnswerLost = random.chance(callLost)
      scheduler.schedule(delayMs(random, weather.call), () => {
        if (random.chance(callLost)) fail(new Error('the call was lost'))
        else {
          object.receive(
            work,
            (answer) =>
              isAnswerLost ? fail(new Error('the answer was lost')) : back(() => resolve(answer)),
            fail,
          )
        }
      })
    })
  }

  /** One snapshot of the primary for all queries (R3). */
  load(queries: readonly RecordQuery[]): Promise<Loaded<Value>> {
    const { scheduler, random, weather, primary, universe } = this.isolate.surroundings
    return new Promise((resolve, reject) => {
      const back = (tell: () => void) =>
        scheduler.schedule(delayMs(random, weather.database), () => {
          if (this.#isReachable) tell()
        })
      scheduler.schedule(delayMs(random, weather.database), () => {
        if (primary.isAway) {
          back(() => reject(new AppError('unavailable', 'the primary is away')))
          return
        }
        const { seq, historyId } = primary.graph.row
        const values = queries.map((query) => load(primary.graph, query, universe))
        back(() => resolve({ seq, historyId, values }))
      })
    })
  }

  async read(
    queries: readonly RecordQuery[],
    consistency: Consistency,
    bookmark: Freshness['bookmark'],
    { isUncached, prefetchMs, kept }: ReadManner,
  ): Promise<ReadAnswer<Value>> {
    const reader = this.#reader()
    const freshness = { consistency, bookmark, arrivedAt: this.arrivedAt }
    if (prefetchMs !== null) {
      prefetch(reader, freshness)
      await this.after(prefetchMs, () => undefined)
    }
    const same = kept && (await this.#unchanged(reader, freshness, queries[0], kept))
    if (same) return same
    return read<Value>(reader, {
      ...{ ...freshness, isUncached, kind: KINDS[queries[0]?.of ?? 'entity'] },
      names: queries.map(nameOf),
      load: (indexes) => this.load(indexes.flatMap((i) => queries[i] ?? [])),
    })
  }

  search(
    search: Search,
    consistency: Consistency,
    bookmark: Freshness['bookmark'],
  ): Promise<SearchAnswer> {
    const reader = this.#reader()
    const freshness = { consistency, bookmark, arrivedAt: this.arrivedAt }
    return search.of === 'named'
      ? this.#searchNamed(search, reader, freshness)
      : this.#searchPlaced(search, reader, freshness, 0)
  }

  /** As in workers/operations/topology/entity-ids.ts. */
  async #searchNamed(
    { externalId, around }: NamedSearch,
    log: LogReader,
    freshness: Freshness,
  ): Promise<SearchAnswer> {
    const { universe } = this.isolate.surroundings
    const query = { of: 'entity name', externalId } as const
    let looked: Omit<SearchAnswer, 'observed' | 'engine'> | null = null
    try {
      const { answer } = await whileNamesHold({
        ...{ log, freshness, tags: recordTags({ externalId }) },
        lookUp: async (isAnew) => {
          const { values, ...at } = isAnew
            ? await this.#fromPrimary(query, freshness)
            : await read<Value>(log, {
                ...{ ...freshness, kind: KINDS[query.of], names: [nameOf(query)] },
                load: () => this.load([query]),
              })
          looked = at
          const [value] = values
          if (!value || !('id' in value)) throw notFound(externalId)
          return { ...at, ids: [value.id] }
        },
        run: async ([id = ''], atLeast) => {
          const search = { ...around, place: universe.placeOf(id) }
          const answer = await this.#searchPlaced(search, log, freshness, atLeast)
          if (answer.observed.length === 1) throw notFound(id)
          return { answer, at: answer }
        },
      })
      return answer
    } catch (error) {
      if (looked === null || !isAppError(error) || error.code !== 'not_found') throw error
      const at: Omit<SearchAnswer, 'observed' | 'engine'> = looked
      return { ...at, observed: [NOT_THERE], engine: null }
    }
  }

  async #fromPrimary(query: RecordQuery, { bookmark }: Freshness) {
    const { values, seq, historyId } = await this.load([query])
    const seen = Math.max(seq, bookmark?.seq ?? 0)
    return { values: values.map(({ value }) => value), seq, historyId, seen, isStale: false }
  }

  /** As in workers/operations/topology/run-query.ts: in memory if the topology is there, else in SQL. */
  async #searchPlaced(
    search: PlacedSearch,
    reader: LogReader,
    { consistency, bookmark, arrivedAt }: Freshness,
    atLeast: number,
  ): Promise<SearchAnswer> {
    const { isolate } = this
    const { universe } = isolate.surroundings
    const context = {
      ...{ graph: GRAPH, graphReader: reader, consistency, arrivedAt },
      bookmarks: bookmark ? [{ ...bookmark, tenantId: GRAPH.tenantId, logId: GRAPH.graphId }] : [],
      services: {
        topologies: { shelf: isolate.topologies, store: null },
        reader: () => reader,
        shard: () => this.#database(),
        // No graph here is so large that a job would build its topology.
        catalog: this.#database(),
        newId: () => '',
        sendJob: () => Promise.reject(new Error('there are no jobs here')),
      },
    }
    const need = { weightKeys: null, atLeast, others: [] }
    const found = await withTopology(context, need, ({ view }) =>
      engineSearch(new MemoryEngine(view, isolate.now), search, universe),
    )
    if (found) return { ...found.at, observed: await found.result, engine: 'memory' }
    const { values, ...at } = await read<readonly number[]>(reader, {
      ...{ consistency, bookmark, arrivedAt, isUncached: true },
      ...{ kind: 'list', names: [`graph:${JSON.stringify(search)}`] },
      load: () => this.#loadSearch(search),
    })
    return { ...at, observed: values[0] ?? [], engine: 'sql' }
  }

  #loadSearch(search: PlacedSearch): Promise<Loaded<readonly number[]>> {
    const { primary, universe } = this.isolate.surroundings
    return this.#round(() => {
      const { seq, historyId } = primary.graph.row
      const value = project(primary.state, [search], universe)
      return { seq, historyId, values: [{ value, tags: logTags(), bytes: 100 }] }
    }).then(
      (loaded) => loaded ?? Promise.reject(new AppError('unavailable', 'the primary is away')),
    )
  }

  #database(): Database {
    return topologyDatabase(this.isolate.surroundings.primary.graph, (work) => this.#round(work))
  }

  /** To the primary and back; `null`: it is away. */
  async #round<T>(work: () => T): Promise<T | null> {
    const { random, weather, primary } = this.isolate.surroundings
    const done = await this.after(delayMs(random, weather.database), () =>
      primary.isAway ? null : work(),
    )
    return this.after(delayMs(random, weather.database), () => done)
  }

  async #unchanged(
    reader: LogReader,
    freshness: Freshness,
    query: RecordQuery | undefined,
    { etag, value }: Kept,
  ): Promise<ReadAnswer<Value> | null> {
    const tags = query && tagsBefore(query, this.isolate.surroundings.universe)
    if (!query || !tags) return null
    const isVersion = query.of === 'entity' || query.of === 'relationship'
    const same = await unchanged(reader, freshness, { etags: [etag], tags, isVersion }).catch(
      () => null,
    )
    return same && { ...same, values: [value] }
  }

  /** A write, from whose answer this isolate learns what changed; as in workers/services.ts. */
  async commit(request: GraphRequest): Promise<CommitAnswer> {
    const { view, now } = this.isolate
    const begun = view.begin(now)
    const since = view.known?.copy.head ?? null
    const { answer, head } = await this.call(async (runner) =>
      committed(await runner.submit(request), runner.head, since),
    )
    if (head) view.learn(head, begun, now)
    return answer
  }

  #reader(): LogReader {
    const { isolate } = this
    const { redis } = isolate.surroundings
    const waiting: Waiting = {
      sleep: (ms) => this.after(ms, () => undefined),
      waitUntil: (work) => {
        work.catch(() => undefined)
      },
    }
    return {
      view: isolate.view,
      after: isolate.view.calls,
      ask: (since, atLeast) =>
        this.call((runner): LogHead | Promise<LogHead> => runner.watermarks(since, atLeast)),
      cache: new Cache({
        memory: isolate.memory,
        tiers: [isolate.edge.reachedFrom(this, 'edge'), redis.reachedFrom(this, 'redis')],
        waiting,
        lookups: isolate.lookups,
        onEvent: () => {},
      }),
      flights: isolate.flights,
      keyPrefix: (historyId) => `${historyId}:`,
      now: isolate.now,
      waiting,
    }
  }
}

const GRAPH: GraphAddress = {
  ...{
    kind: 'graph',
    tenantId: tenantId(TENANT),
    graphId: graphId('00000000-0000-4000-8000-000000000002'),
  },
  ...{ shardId: 'shard', epoch: 1 },
}

const KINDS = {
  entity: 'entity',
  'entity name': 'entity',
  relationship: 'relationship',
  'relationship name': 'relationship',
  entities: 'list',
  relationships: 'list',
  neighbors: 'neighbors',
  types: 'types',
} as const

function nameOf(query: RecordQuery): string {
  return JSON.stringify(query)
}
