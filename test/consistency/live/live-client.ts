import { setTimeout as delay } from 'node:timers/promises'
import { parseBookmarks } from '../../../core/log/bookmark.ts'
import type { Consistency } from '../../../core/log/consistency.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { Read, Write } from '../history.ts'
import { observe, type Value } from '../simulator/load.ts'
import type { RecordQuery } from '../simulator/queries.ts'
import {
  type Choices,
  type Seen,
  someCommands,
  someQueries,
  someSearch,
} from '../simulator/requests.ts'
import { type HttpRequest, levelText, readOf, writeOf } from './http.ts'
import type { LiveGraph } from './live-graph.ts'
import { observeSearch, type SearchAnswer, searchRequest } from './search-read.ts'

type Mark = { readonly bookmark: string | null; readonly after: readonly number[] }
type HttpAnswer = { readonly status: number; readonly headers: Headers; readonly body: unknown }

/** What is read, how it is asked for, and what an answer says. */
type Asked = Pick<Read, 'queries'> & {
  readonly request: HttpRequest
  readonly mayBeMissing: boolean
  readonly said: (answer: HttpAnswer) => Said
}

/** Numbers to compare, and what is remembered of them. */
type Said = { readonly observed: readonly number[]; readonly remember: () => void }

type Begun = Pick<Write, 'client' | 'invoked' | 'invokedAt'>

/** The worker's clock shows whole milliseconds, and stands still while it computes. */
const CLOCK_SLACK_MS = 10

const NEVER = { responded: Number.POSITIVE_INFINITY, respondedAt: Number.POSITIVE_INFINITY }

/** Does one operation after the other over HTTP, each with any of the isolates. */
export class LiveClient {
  mark: Mark = { bookmark: null, after: [] }
  readonly #number: number
  readonly #shared: LiveGraph
  readonly #random: Random
  readonly #seen = new Map<number, Seen>()
  /** What the last answer to each path said, with its tag. */
  readonly #kept = new Map<string, { readonly etag: string; readonly said: Said }>()
  #commits = 0

  constructor(number: number, shared: LiveGraph) {
    this.#number = number
    this.#shared = shared
    this.#random = shared.random
  }

  async run(): Promise<void> {
    while (this.#shared.left > 0) {
      this.#shared.left -= 1
      await delay(this.#random.below(this.#shared.options.pauseMs))
      if (this.#random.chance(0.2)) this.#takeBookmark()
      if (this.#random.chance(this.#shared.writes)) await this.#write()
      else await this.#read()
    }
  }

  /** Another client tells what it has seen; the server makes one of both. */
  #takeBookmark(): void {
    const other = this.#random.pick(this.#shared.all).mark
    if (other.bookmark === null) return
    const { bookmark, after } = this.mark
    const texts = `${bookmark ?? other.bookmark}, ${other.bookmark}`.split(', ')
    this.mark = {
      bookmark: [...new Set(texts)].join(', '),
      after: [...new Set([...after, ...other.after])],
    }
  }

  async #read(): Promise<void> {
    const { operations, problems } = this.#shared
    const isSearch = this.#random.chance(this.#shared.options.searches)
    const { queries, request, mayBeMissing, said } = isSearch ? this.#aSearch() : this.#records()
    const consistency = this.#someConsistency()
    const mayHave = request.method === 'GET' && this.#random.chance(0.3)
    const kept = mayHave ? this.#kept.get(request.path) : undefined
    const { bookmark, after } = this.mark
    const headers = {
      'tendril-consistency': levelText(consistency),
      ...(bookmark === null ? {} : { 'tendril-bookmark': bookmark }),
      ...(kept ? { 'if-none-match': kept.etag } : {}),
    }
    const call = this.#begin(CLOCK_SLACK_MS)
    const answer = await this.#send(request, headers)
    const ended = this.#end()
    if (answer === null || answer.status === 503) return
    if (![200, 304, ...(mayBeMissing ? [404] : [])].includes(answer.status)) {
      problems.push(`${request.method} ${request.path} was told ${textOf(answer)}`)
      return
    }
    if (answer.status === 304 && !kept) problems.push(`${request.path}: 304 without a tag`)
    const read = answer.status === 304 && kept ? kept.said : said(answer)
    const etag = answer.headers.get('etag')
    const mayKeep = request.method === 'GET' && answer.status === 200
    if (mayKeep && etag) this.#kept.set(request.path, { etag, said: read })
    read.remember()
    const source = this.#countSource(answer.headers.get('cache-status'))
    if (isSearch && answer.status === 200) this.#countSearch(answer.body as SearchAnswer, source)
    const index = operations.push({
      ...{ ...call, ...ended, does: 'read', consistency, queries, after },
      observed: read.observed,
      isStale: answer.headers.has('tendril-stale'),
    })
    // A 404 carries no bookmark: whoever goes on from it has seen no more than before.
    const seen = answer.headers.get('tendril-bookmark')
    this.#sees(seen, [index - 1])
  }

  async #write(): Promise<void> {
    const { universe, graph, begun, answered } = this.#shared
    const commands = someCommands(this.#choices, this.#seen)
    this.#commits += 1
    const commitId = `${graph}.client-${this.#number}.${this.#commits}`
    const request = writeOf(commands, universe)
    const call = this.#begin(0)
    begun.set(commitId, call.invoked)
    const answer = await this.#submit(request, commitId, 3)
    const outcome = answer === null ? 'unknown' : answer.status < 300 ? 'committed' : 'refused'
    const index = this.#recordWrite(call, { commitId, commands, outcome })
    const bookmark = answer?.headers.get('tendril-bookmark') ?? null
    if (outcome !== 'committed' || bookmark === null) return
    answered.set(commitId, seqOf(bookmark))
    const { after } = this.mark
    this.#sees(bookmark, [...after, index])
  }

  #sees(bookmark: string | null, after: readonly number[]): void {
    if (bookmark !== null && this.#shared.options.keepsBookmarks) this.mark = { bookmark, after }
  }

  #recordWrite(call: Begun, write: Pick<Write, 'commitId' | 'commands' | 'outcome'>): number {
    const ended = write.outcome === 'unknown' ? NEVER : this.#end()
    return this.#shared.operations.push({ ...call, ...ended, does: 'write', ...write }) - 1
  }

  /** `null`: the outcome is not known. The same request may be sent again, through any isolate. */
  async #submit(request: HttpRequest, commitId: string, sends: number): Promise<HttpAnswer | null> {
    const { bookmark } = this.mark
    const answer = await this.#send(request, {
      ...{ 'x-request-id': commitId, 'idempotency-key': commitId },
      ...(bookmark === null ? {} : { 'tendril-bookmark': bookmark }),
    })
    if (answer !== null && answer.status < 300) return answer
    if (answer !== null && [404, 409, 412].includes(answer.status)) return answer
    if (answer !== null && answer.status !== 503) {
      this.#shared.problems.push(`${request.method} ${request.path} was told ${textOf(answer)}`)
      return null
    }
    if (sends === 1 || this.#random.chance(0.5)) return null
    const again = await this.#submit(request, commitId, sends - 1)
    // The first sending may still arrive: that the second was refused says nothing of it.
    return again !== null && again.status < 300 ? again : null
  }

  /** `null`: the connection broke. */
  async #send(
    { method, path, body }: HttpRequest,
    headers: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer | null> {
    const { urls, graph, options } = this.#shared
    const url = `${this.#random.pick(urls)}/api/v1/graphs/${graph}${path}`
    const authorization = `Bearer ${options.credential}`
    const type = body === undefined ? {} : { 'content-type': 'application/json' }
    try {
      const response = await fetch(url, {
        ...{ method, headers: { ...headers, ...type, authorization } },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return {
        ...{ status: response.status, headers: response.headers },
        body: text === '' ? null : JSON.parse(text),
      }
    } catch {
      // Whatever a connection may do.
      return null
    }
  }

  #begin(slackMs: number): Begun {
    const { tick, ms } = this.#shared.clock.now()
    return { client: this.#number, invoked: tick, invokedAt: ms - slackMs }
  }

  #end(): Pick<Write, 'responded' | 'respondedAt'> {
    const { tick, ms } = this.#shared.clock.now()
    return { responded: tick, respondedAt: ms }
  }

  get #choices(): Choices {
    const { random, universe, hotEntities } = this.#shared
    return { random, universe, hotEntities, plainReads: 0.5, namesVersions: true }
  }

  #records(): Asked {
    const { universe } = this.#shared
    const queries = this.#someQueries()
    const { values, ...request } = readOf(queries, universe)
    return {
      ...{ queries, request },
      mayBeMissing: ['entity', 'relationship', 'neighbors'].includes(queries[0]?.of ?? ''),
      said: ({ status, body }) => {
        const found = values(status, body)
        return {
          observed: queries.flatMap((query, i) => observe(query, found[i] ?? null, universe)),
          remember: () => this.#remember(queries, found),
        }
      },
    }
  }

  #aSearch(): Asked {
    const { universe, problems } = this.#shared
    const search = someSearch(this.#choices)
    const request = searchRequest(search, universe)
    return {
      ...{ queries: [search], request, mayBeMissing: true },
      said: ({ status, body }) => {
        const found = status === 404 ? null : (body as SearchAnswer)
        // One that ran out of time tells only a part, and says so: here it has all that it needs.
        if (found && found.stopped !== null)
          problems.push(`${request.path} stopped: ${found.stopped}`)
        return { observed: observeSearch(search, found, universe), remember: () => {} }
      },
    }
  }

  /** Several records are one request; several of anything else would be several. */
  #someQueries(): readonly RecordQuery[] {
    const queries = someQueries(this.#choices)
    const [first] = queries
    const kind = first?.of.split(' ')[0]
    const isRecords = kind === 'entity' || kind === 'relationship'
    const same = queries.filter(({ of }) => of.split(' ')[0] === kind)
    return isRecords ? same : queries.slice(0, 1)
  }

  #someConsistency(): Consistency {
    const random = this.#random
    const level = random.pick(this.#shared.options.levels)
    if (level !== 'bounded') return { level }
    const boundMs = random.pick([0, 50, 300, 2_000])
    return { level, boundMs, staleIfErrorMs: random.chance(0.5) ? 0 : 10_000 }
  }

  /** The tier that had it, or none. */
  #countSource(status: string | null): string {
    const source = /^tendril-(\w+); hit/.exec(status ?? '')?.[1] ?? 'origin'
    this.#count(source)
    return source
  }

  /** Which engine answered a search, and whether it had to read what is new. */
  #countSearch({ cost }: SearchAnswer, source: string): void {
    const isForward = cost.engine === 'memory' && source === 'origin'
    this.#count(isForward ? 'a topology brought forward' : `a search in ${cost.engine}`)
  }

  #count(what: string): void {
    const { sources } = this.#shared
    sources.set(what, (sources.get(what) ?? 0) + 1)
  }

  #remember(queries: readonly RecordQuery[], values: readonly Value[]): void {
    const { universe } = this.#shared
    for (const [i, query] of queries.entries()) {
      const value = values[i]
      if ((query.of !== 'entity' && query.of !== 'relationship') || !value) continue
      const [number = 0] = observe(query, value, universe)
      if ('version' in value) this.#seen.set(query.place, { number, version: value.version })
    }
  }
}

function seqOf(bookmark: string): number {
  const parsed = parseBookmarks(bookmark)
  if (typeof parsed === 'string') throw new Error(`a bookmark ${parsed}: ${bookmark}`)
  return parsed[0]?.seq ?? 0
}

function textOf({ status, body }: HttpAnswer): string {
  return `${status} ${JSON.stringify(body)?.slice(0, 300)}`
}
