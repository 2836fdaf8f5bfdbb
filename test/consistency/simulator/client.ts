import type { ReadAnswer } from '../../../core/cache/log-reader.ts'
import { isAppError } from '../../../core/errors.ts'
import { type Bookmark, mergeBookmark } from '../../../core/log/bookmark.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import type { CommitAnswer, GraphRequest } from '../../../core/log/requests.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { Operation, Write } from '../history.ts'
import { type Command, operationsOf } from './commands.ts'
import {
  type Isolate,
  IsolateContext,
  type Kept,
  type ReadManner,
  type Surroundings,
} from './isolate.ts'
import { observe, type Value } from './load.ts'
import type { RecordQuery } from './queries.ts'
import { type Seen, someCommands, someQueries, someSearch } from './requests.ts'
import type { Search } from './searches.ts'

/** What clients share: the record of what they did, and where to send requests. */
export type Clients = {
  readonly surroundings: Surroundings
  readonly operations: Operation[]
  readonly problems: string[]
  readonly faults: string[]
  readonly all: Client[]
  /** How many of the reads are searches. */
  readonly searches: number
  readonly isolates: Isolate[]
  /** Restores that have begun, and the history since the last of them has ended; `null`: it has not. */
  restores: number
  settledHistory: string | null
  left: number
}

const LOST = Symbol('lost')

/** A bookmark, and the operations that it stands for. */
type Mark = { readonly bookmark: Bookmark | null; readonly after: readonly number[] }

const LOG = { tenantId: 'tenant', logId: 'graph' }

/** Does one operation after the other, with a bookmark of its own. */
export class Client {
  mark: Mark = { bookmark: null, after: [] }
  readonly #number: number
  readonly #clients: Clients
  readonly #random: Random
  readonly #seen = new Map<number, Seen>()
  /** The last answer to each query that was the only one of its read. */
  readonly #kept = new Map<string, Kept>()
  /** The call that is waited for, and what makes its client give up. */
  #waiting: { readonly since: number; readonly lose: () => void } | null = null
  #schemaSeq = 0
  #commits = 0
  #isolate: Isolate | null = null

  constructor(number: number, clients: Clients) {
    this.#number = number
    this.#clients = clients
    this.#random = clients.surroundings.random
  }

  /** Gives up what has been waited for since before `time`; nothing but a fault can take so long. */
  loseBefore(time: number): void {
    if (!this.#waiting || this.#waiting.since >= time) return
    this.#clients.problems.push('a call has no end')
    this.#waiting.lose()
  }

  async run(): Promise<void> {
    const { surroundings } = this.#clients
    const { scheduler, weather } = surroundings
    const { searches } = this.#clients
    while (this.#clients.left > 0) {
      this.#clients.left -= 1
      await scheduler.sleep(this.#random.below(weather.pauseMs + 1))
      if (this.#random.chance(weather.bookmarksPassed)) this.#takeBookmark()
      if (this.#random.chance(weather.writes)) await this.#write()
      else if (searches > 0 && this.#random.chance(searches)) await this.#search()
      else await this.#read()
    }
  }

  /** Another client tells what it has seen. */
  #takeBookmark(): void {
    const other = this.#random.pick(this.#clients.all).mark
    const { bookmark } = this.mark
    if (!other.bookmark) return
    const isSame = bookmark === null || bookmark.historyId === other.bookmark.historyId
    const later = mergeBookmark(bookmark ? [bookmark] : [], other.bookmark)[0] ?? null
    const after = new Set([...(isSame ? this.mark.after : []), ...other.after])
    this.mark = { bookmark: later, after: [...after] }
  }

  async #read(): Promise<void> {
    const { universe } = this.#clients.surroundings
    const queries = someQueries(this.#choices())
    const consistency = this.#someConsistency()
    const { bookmark, after } = this.mark
    const { settledHistory } = this.#clients
    const manner = this.#someManner(queries)
    const call = this.#begin()
    const answer = await this.#send((context) =>
      context.read(queries, consistency, bookmark, manner),
    ).catch((error) => this.#refused(error, consistency, settledHistory))
    if (answer === LOST || answer === null) return
    this.#remember(queries, answer)
    const index = this.#clients.operations.length
    this.#clients.operations.push({
      ...call,
      ...this.#end(),
      does: 'read',
      consistency,
      queries,
      observed: queries.flatMap((query, i) => observe(query, answer.values[i] ?? null, universe)),
      isStale: answer.isStale,
      after,
    })
    const { historyId, seen: seq } = answer
    this.mark = { bookmark: { ...LOG, historyId, seq }, after: [index] }
  }

  async #search(): Promise<void> {
    const search = this.#someSearch()
    const consistency = this.#someConsistency()
    const { bookmark, after } = this.mark
    const { settledHistory, operations } = this.#clients
    const call = this.#begin()
    const answer = await this.#send((context) =>
      context.search(search, consistency, bookmark),
    ).catch((error) => this.#refused(error, consistency, settledHistory))
    if (answer === LOST || answer === null) return
    const { historyId, seen: seq, observed, isStale, engine } = answer
    const index = operations.push({
      ...{ ...call, ...this.#end(), does: 'read', consistency, queries: [search] },
      ...{ observed, isStale, after, ...(engine && { engine }) },
    })
    this.mark = { bookmark: { ...LOG, historyId, seq }, after: [index - 1] }
  }

  /** One that needs no records: a topology has none. */
  #someSearch(): Search {
    const search = someSearch(this.#choices())
    switch (search.of) {
      case 'degree':
        return search
      case 'paths':
        return { ...search, color: null }
      case 'named':
        return { ...search, around: { ...search.around, color: null } }
      default:
        return { ...search, of: 'traverse', color: null }
    }
  }

  /**
   * Why a read gave nothing: a problem, unless it is what the rules say. A bookmark may be refused when
   * it is not of `history`, the one since the last restore that had ended, or when another has begun.
   */
  #refused(error: unknown, consistency: Consistency, history: string | null): null {
    if (isAppError(error) && error.code === 'unavailable') return null
    const { bookmark } = this.mark
    const isCurrent = history === bookmark?.historyId && history === this.#clients.settledHistory
    if (isAppError(error) && error.code === 'conflict' && !isCurrent) {
      this.mark = { bookmark: null, after: [] }
      return null
    }
    const text = error instanceof Error ? `${error.message} ${error.stack}` : String(error)
    this.#clients.problems.push(`a ${consistency.level} read was told: ${text}`)
    return null
  }

  async #write(): Promise<void> {
    const { universe } = this.#clients.surroundings
    const commands = someCommands(this.#choices(), this.#seen)
    this.#commits += 1
    const request: GraphRequest = {
      commitId: `${this.#number}.${this.#commits}`,
      fingerprint: '',
      atomic: true,
      schemaSeq: this.#schemaSeq,
      actor: '',
      requestId: '',
      ...operationsOf(commands, universe),
    }
    const call = this.#begin()
    const answer = await this.#submit(request, 3)
    this.#recordWrite(call, request.commitId, commands, answer)
  }

  /** `null`: the outcome is not known. The same request may be sent again under its commit id. */
  async #submit(request: GraphRequest, sends: number): Promise<CommitAnswer | null> {
    const { restores } = this.#clients
    const answer = await this.#send((context) => context.commit(request)).catch(() => null)
    const isKnown = answer !== null && answer !== LOST && answer.status !== 'outcome_unknown'
    if (isKnown && answer.status === 'schema_moved') {
      this.#schemaSeq = answer.schemaSeq
      return sends > 1
        ? this.#submit({ ...request, schemaSeq: this.#schemaSeq }, sends - 1)
        : answer
    }
    if (isKnown) return answer
    // What was undone by a restore would be done again.
    const mayRepeat = sends > 1 && restores === this.#clients.restores && this.#random.chance(0.5)
    if (!mayRepeat) return null
    const again = await this.#submit(request, sends - 1)
    // The first sending may still arrive: that the second was refused says nothing of it.
    return again?.status === 'committed' ? again : null
  }

  #recordWrite(
    call: Pick<Write, 'client' | 'invoked' | 'invokedAt'>,
    commitId: string,
    commands: readonly Command[],
    answer: CommitAnswer | null,
  ): void {
    const outcome = answer === null ? 'unknown' : OUTCOMES[answer.status]
    const isKnown = outcome !== 'unknown'
    const never = { responded: Number.POSITIVE_INFINITY, respondedAt: Number.POSITIVE_INFINITY }
    const index = this.#clients.operations.length
    const ended = isKnown ? this.#end() : never
    this.#clients.operations.push({ ...call, ...ended, does: 'write', commitId, commands, outcome })
    if (answer?.status !== 'committed') return
    const { historyId, seq } = answer
    const { bookmark, after } = this.mark
    const merged = mergeBookmark(bookmark ? [bookmark] : [], { ...LOG, historyId, seq })
    const isSame = bookmark === null || bookmark.historyId === historyId
    this.mark = { bookmark: merged[0] ?? null, after: [...(isSame ? after : []), index] }
  }

  /** `LOST`: the client gave up, or its connection went with the isolate. */
  async #send<T>(ask: (context: IsolateContext) => Promise<T>): Promise<T | typeof LOST> {
    const { scheduler, weather } = this.#clients.surroundings
    const random = this.#random
    if (!this.#isolate?.isAlive || random.chance(0.5)) {
      this.#isolate = random.pick(this.#clients.isolates)
    }
    const isolate = this.#isolate
    const context = new IsolateContext(isolate)
    const lost = Promise.withResolvers<typeof LOST>()
    const lose = () => lost.resolve(LOST)
    isolate.waiting.add(lose)
    if (random.chance(weather.chances.cancelled)) {
      scheduler.schedule(random.below(200), () => {
        context.isGone = random.chance(0.5)
        lose()
      })
    }
    const asked = ask(context)
    this.#waiting = { since: scheduler.now, lose }
    try {
      return await Promise.race([asked, lost.promise])
    } finally {
      isolate.waiting.delete(lose)
      this.#waiting = null
    }
  }

  #begin(): Pick<Write, 'client' | 'invoked' | 'invokedAt'> {
    const { tick: invoked, now: invokedAt } = this.#clients.surroundings.scheduler
    return { client: this.#number, invoked, invokedAt }
  }

  #end(): Pick<Write, 'responded' | 'respondedAt'> {
    const { tick: responded, now: respondedAt } = this.#clients.surroundings.scheduler
    return { responded, respondedAt }
  }

  #choices() {
    const { universe, weather } = this.#clients.surroundings
    const { hotEntities, plainReads, rates } = weather
    return {
      random: this.#random,
      universe,
      hotEntities,
      plainReads,
      namesVersions: rates.restored === 0,
    }
  }

  #someConsistency(): Consistency {
    const random = this.#random
    const level = random.pick(this.#clients.surroundings.weather.levels)
    if (level !== 'bounded') return { level }
    const boundMs = random.pick([0, 50, 300, 2_000, 10_000])
    return { level, boundMs, staleIfErrorMs: random.chance(0.5) ? 0 : random.pick([100, 10_000]) }
  }

  #someManner(queries: readonly RecordQuery[]): ReadManner {
    const random = this.#random
    const mayKeep = queries.length === 1 && random.chance(0.4)
    return {
      kept: (mayKeep && this.#kept.get(JSON.stringify(queries[0]))) || null,
      isUncached: random.chance(0.05),
      prefetchMs: random.chance(0.3) ? random.pick([0, 5, 300]) : null,
    }
  }

  #remember(queries: readonly RecordQuery[], { values, seq, historyId }: ReadAnswer<Value>): void {
    const { universe } = this.#clients.surroundings
    const [query, value] = [queries[0], values[0]]
    if (queries.length === 1 && query && value) {
      const version = 'version' in value ? value.version : seq
      const etag = { seq: version, history: historyId.slice(0, 8) }
      this.#kept.set(JSON.stringify(query), { etag, value })
    }
    for (const [i, query] of queries.entries()) {
      const value = values[i]
      if ((query.of !== 'entity' && query.of !== 'relationship') || !value) continue
      const [number = 0] = observe(query, value, universe)
      if ('version' in value) this.#seen.set(query.place, { number, version: value.version })
    }
  }
}

const OUTCOMES: Readonly<Record<CommitAnswer['status'], Write['outcome']>> = {
  committed: 'committed',
  refused: 'refused',
  schema_moved: 'void',
  fingerprint_mismatch: 'void',
  no_such_log: 'void',
  not_committed: 'void',
  outcome_unknown: 'unknown',
}
