import { v7 } from 'uuid'
import type { Cache } from '../core/cache/cache.ts'
import { keyPrefix } from '../core/cache/key.ts'
import type { LogReader, Spent } from '../core/cache/log-reader.ts'
import type { LogHead, LogView } from '../core/cache/log-view.ts'
import type { Waiting } from '../core/cache/single-flight.ts'
import {
  type GraphAddress,
  type LogAddress,
  logName,
  type TenantAddress,
} from '../core/log/address.ts'
import type { CommitAnswer, GraphRequest } from '../core/log/requests.ts'
import type { Now } from '../core/now.ts'
import type { TenantRequest } from '../core/tenant/requests.ts'
import type { Database } from '../db/client.ts'
import { openCatalog, openShard } from '../db/databases.ts'
import type { Committed } from '../durable-objects/graph-log/committed.ts'
import type { Env } from '../env.ts'
import type { DispatchDeps } from '../queues/dispatch.ts'
import type { CacheLedger } from './cache-ledger.ts'
import { RequestCaching } from './caching.ts'
import { dispatchDeps } from './consume-batch.ts'
import type { FileStore } from './files/file-store.ts'
import { r2Files } from './files/r2-files.ts'
import { type LogState, logState, topologyShelf } from './isolate.ts'
import { type JobToSend, sendJob } from './jobs/messages.ts'
import type { TopologyShelf } from './operations/topology/shelf.ts'
import {
  type EdgeCopies,
  type TopologyFiles,
  type TopologyStore,
  topologyStore,
} from './operations/topology/store.ts'
import { tellInTime } from './tell-ledger.ts'

/** Who may register; see env.ts. */
export type Registration = {
  readonly mode: Env['TENDRIL_REGISTRATION']
  /** `null`: there is none, so no first owner can be made. */
  readonly setupSecret: string | null
}

/** Everything an operation may use of the outside world. */
export type Services = {
  readonly catalog: Database
  readonly shard: (shardId: string) => Database
  /** Where a new graph goes. */
  readonly shardForNewGraph: () => string
  readonly commit: (log: GraphAddress, request: GraphRequest) => Promise<CommitAnswer>
  readonly commitTenant: (log: TenantAddress, request: TenantRequest) => Promise<CommitAnswer>
  /** The log as this request reads it, through the cache. */
  readonly reader: (log: LogAddress) => LogReader
  /** Tells the consumers of a graph that there is something to do. Rejects when the queue is away. */
  readonly sendPointer: DispatchDeps['send']
  /** A new time-ordered id (RFC 9562, version 7): neighbours in time are neighbours in an index. */
  readonly newId: () => string
  readonly now: Now
  readonly jwtSecret: string
  readonly registration: Registration
  readonly shardIds: readonly string[]
  readonly files: FileStore
  /** Tells the queue of its priority that a job is to go on. */
  readonly sendJob: (job: JobToSend) => Promise<void>
  readonly topologies: {
    readonly shelf: TopologyShelf
    /** `null`: there is no bucket to keep them in. */
    readonly store: TopologyStore | null
  }
  /** What isolates together know of the cache; `null` without a Redis. */
  readonly ledger: () => CacheLedger | null
  /** For what may go on behind the answer. */
  readonly waitUntil: Waiting['waitUntil']
}

/** The composition root: built per request, since the runtime ties I/O objects to one. */
export function services(env: Env, waitUntil: Waiting['waitUntil']): Services {
  const waiting = { waitUntil, sleep }
  const caching = new RequestCaching(env, waiting)
  const ledger = () => caching.ledger()
  tellInTime(ledger, Date.now(), waitUntil)
  const reader = (log: LogAddress) =>
    new RequestLog(log, { env, cache: caching.cacheOf(log.tenantId), waiting })
  return { ...lasting(env), waitUntil, ledger, reader }
}

type OfRequest = 'waitUntil' | 'ledger' | 'reader'

const lastingOf = new WeakMap<Env, Omit<Services, OfRequest>>()

/** What serves every request alike: made once, since making it would take a read longer than the rest. */
function lasting(env: Env): Omit<Services, OfRequest> {
  const known = lastingOf.get(env)
  if (known) return known
  const made = {
    catalog: openCatalog(env),
    shard: (shardId: string) => openShard(env, shardId),
    shardForNewGraph: () => env.TENDRIL_SHARDS[0]?.id ?? '',
    commit: (log: GraphAddress, request: GraphRequest) =>
      learning(log, (since) => logObject(env, log).commit(log, request, since)),
    commitTenant: (log: TenantAddress, request: TenantRequest) =>
      learning(log, (since) => logObject(env, log).commitTenant(log, request, since)),
    sendPointer: dispatchDeps(env).send,
    newId: () => v7(),
    now: () => Date.now(),
    jwtSecret: env.TENDRIL_JWT_SECRET,
    registration: {
      mode: env.TENDRIL_REGISTRATION,
      setupSecret: env.TENDRIL_SETUP_SECRET || null,
    },
    shardIds: env.TENDRIL_SHARDS.map(({ id }) => id),
    files: r2Files(env.FILES),
    sendJob: (job: JobToSend) => sendJob(env, job),
    topologies: { shelf: topologyShelf(env.TENDRIL_TOPOLOGY_MB), store: storeOf(env) },
  }
  lastingOf.set(env, made)
  return made
}

type LogParts = {
  readonly env: Env
  readonly cache: Cache
  readonly waiting: Waiting
}

/** A log as one request reads it. */
class RequestLog implements LogReader {
  readonly view: LogView
  readonly flights: LogReader['flights']
  readonly after: number
  readonly cache: Cache
  readonly waiting: Waiting
  readonly spent: Spent = {}
  readonly #log: LogAddress
  readonly #state: LogState
  readonly #env: Env

  constructor(log: LogAddress, { env, cache, waiting }: LogParts) {
    const state = logState(log)
    this.view = state.view
    this.flights = state.flights
    this.after = state.view.calls
    this.cache = cache
    this.waiting = waiting
    this.#log = log
    this.#state = state
    this.#env = env
  }

  now(): number {
    return Date.now()
  }

  ask(since: number, atLeast: number): Promise<LogHead> {
    return logObject(this.#env, this.#log).watermarks(this.#log, since, atLeast)
  }

  keyPrefix(historyId: string): string {
    const { prefix } = this.#state
    if (prefix?.historyId === historyId) return prefix.text
    const text = keyPrefix(this.#log, historyId)
    this.#state.prefix = { historyId, text }
    return text
  }
}

/**
 * A write, from whose answer this isolate learns what changed: its next reads see it. A call whose
 * object went away, or was too busy to take it: an earlier call with its id may count.
 */
async function learning(
  log: LogAddress,
  write: (since: number | null) => Promise<Committed>,
): Promise<CommitAnswer> {
  const { view } = logState(log)
  const begun = view.begin(Date.now)
  try {
    const { answer, head } = await write(view.known?.copy.head ?? null)
    if (head) view.learn(head, begun, Date.now)
    return answer
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the log did not answer'
    return { status: 'outcome_unknown', reason }
  }
}

/** What a log's object answers: its RPC methods, as plain promises of plain data. */
type LogObject = {
  commit(log: GraphAddress, request: GraphRequest, since: number | null): Promise<Committed>
  commitTenant(log: TenantAddress, request: TenantRequest, since: number | null): Promise<Committed>
  watermarks(log: LogAddress, since: number, atLeast: number): Promise<LogHead>
}

/** The one place where a log's object is found: its name contains the epoch. */
function logObject(env: Env, log: LogAddress): LogObject {
  const stub: unknown = env.GRAPH_LOG.getByName(logName(log))
  return stub as LogObject
}

function storeOf({ FILES }: Env): TopologyStore | null {
  if (!FILES) return null
  return topologyStore(FILES as TopologyFiles, {
    match: async (url) => (await edgeCopies()).match(url),
    put: async (url, response) => (await edgeCopies()).put(url, response),
  })
}

const edgeCopies = () => caches.open('tendril') as unknown as Promise<EdgeCopies>

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
