import type { SQL } from 'drizzle-orm'
import { isWithin, laterTime } from '../../../core/cache/age.ts'
import type { Freshness, LogReader } from '../../../core/cache/log-reader.ts'
import type { Known } from '../../../core/cache/log-view.ts'
import { askLog, enough, sufficient } from '../../../core/cache/read.ts'
import { checkBookmark } from '../../../core/cache/without-log.ts'
import type { GraphView } from '../../../core/graph/graph-view.ts'
import { type GraphAddress, logName } from '../../../core/log/address.ts'
import { boundMs } from '../../../core/log/consistency.ts'
import type { Row } from '../../../db/client.ts'
import type { GraphContext } from '../../context.ts'
import { freshnessOf } from '../access.ts'
import type { GraphAnswer } from '../read-graph.ts'
import type { JobServices } from './ask-for-topology.ts'
import { type Brought, bringForward } from './bring-forward.ts'
import type { HeldTopology } from './held.ts'
import { loadInBackground, rebuildIfNeeded } from './keep.ts'

/** Times that a read goes on when others bring the topology forward under its feet. */
const MAX_ROUNDS = 4

/** What reading a topology asks of its surroundings. */
export type TopologyContext = Pick<
  GraphContext,
  'graph' | 'graphReader' | 'consistency' | 'bookmarks' | 'arrivedAt'
> & {
  readonly services: Pick<GraphContext['services'], 'topologies' | 'reader' | 'shard'> & JobServices
}

export type TopologyNeed = {
  readonly weightKeys: readonly string[] | null
  /** A seq that the caller has read other parts of the answer at. */
  readonly atLeast: number
  /** Read from the primary in the same snapshot that the topology is brought to. */
  readonly others: readonly SQL[]
}

type Others = readonly (readonly Row[])[]

/** A topology as a search sees it. */
export type Searched = {
  readonly view: GraphView
  /** The seq of the answer: nothing has changed since the view's own. */
  readonly seq: number
  readonly others: Others
  /** Of the snapshot that `others` are from; 0 without any. */
  readonly schemaSeq: number
}

export type TopologyAt = Omit<GraphAnswer<unknown>, 'value'>

/** What a search found, and where in the log it looked. */
type SearchedAt<T> = { readonly result: T; readonly at: TopologyAt }

/**
 * Runs a search on the isolate's topology of the graph, at the consistency that the request asks for.
 * `search` runs to its end without giving way, before this returns where nothing has to be waited for: then
 * errors are thrown, too. `null`: there is no topology here that is good enough, and somebody else has to
 * answer; one is being loaded then, if there may be one.
 */
export function withTopology<T>(
  context: TopologyContext,
  need: TopologyNeed,
  search: (current: Searched) => T,
): SearchedAt<T> | null | Promise<SearchedAt<T> | null> {
  const { services, graph, graphReader } = context
  if (services.topologies.shelf.held.budgetBytes === 0) return null
  const log = graphReader ?? services.reader(graph)
  const freshness = freshnessOf(context, graph)
  const reading = { context, log, freshness, need, name: topologyName(graph, need.weightKeys) }
  const atOnce = currentAtOnce(reading)
  if (atOnce) return runSearch(reading, atOnce, search)
  return current(reading).then((found) => found && runSearch(reading, found, search))
}

/** While this runs nothing else does, so that the topology stays at its seq. */
function runSearch<T>(
  reading: Reading,
  { held, told, others, schemaSeq, isRead }: Current,
  search: (current: Searched) => T,
): SearchedAt<T> {
  const seq = held.upTo
  const result = search({ view: held.view, seq, others, schemaSeq })
  rebuildIfNeeded(reading, held)
  return { result, at: answered(reading.freshness, held, { seq, told, isRead }) }
}

export type Reading = {
  readonly context: TopologyContext
  readonly log: LogReader
  readonly freshness: Freshness
  readonly need: TopologyNeed
  readonly name: string
}

type Current = {
  readonly held: HeldTopology
  readonly told: number
  readonly others: Others
  readonly schemaSeq: number
  /** Whether the database was asked. */
  readonly isRead: boolean
}

/** A topology of a graph is of one property's weights, or of none. */
export function topologyName(graph: GraphAddress, weightKeys: readonly string[] | null): string {
  return `${graph.tenantId}:${logName(graph)}:${weightKeys === null ? '' : JSON.stringify(weightKeys)}`
}

/** The topology where nothing has to be waited for; `null`: something has. */
function currentAtOnce(reading: Reading): Current | null {
  const { log, freshness, need } = reading
  if (need.others.length > 0) return null
  const known = enough(log, freshness)
  if (known === null || known.copy.head < need.atLeast) return null
  const held = heldOf(reading, known)
  if (held === null || held.upTo < known.copy.head) return null
  return { held, told: known.copy.head, others: NONE, schemaSeq: 0, isRead: false }
}

const NONE: Others = []

async function current(reading: Reading): Promise<Current | null> {
  const { log, freshness, need } = reading
  const known = await sufficient(log, freshness)
  const isBehind = known !== null && known.copy.head < need.atLeast
  const first = isBehind ? await askLog(log, freshness, need.atLeast) : known
  // The primary's word counts while the log's object is away (R7), so the primary may as well answer.
  return first && findCurrent(reading, first)
}

async function findCurrent(reading: Reading, first: Known): Promise<Current | null> {
  const { context, log, freshness, need, name } = reading
  const { held: shelf } = context.services.topologies.shelf
  const isStrong = freshness.consistency.level === 'strong'
  const floor = Math.max(freshness.bookmark?.seq ?? 0, need.atLeast, isStrong ? first.copy.head : 0)
  let known: Known = first
  let isRead = false
  for (let round = 1; round <= MAX_ROUNDS; round += 1) {
    const held = heldOf(reading, known)
    if (held === null) {
      shelf.drop(name)
      loadInBackground(reading, known.historyId)
      return null
    }
    const wanted = { floor, head: known.copy.head }
    let others = NONE
    let schemaSeq = 0
    if (need.others.length > 0 || !isGoodEnough(reading, held, wanted)) {
      const brought = await forward(reading, held)
      isRead = true
      const isThere = shelf.get(name) === held
      if (brought === false || (isThere && !shelf.keep(name, held))) {
        if (isThere) shelf.drop(name)
        loadInBackground(reading, known.historyId)
        return null
      }
      // Built anew meanwhile, or it had to make room.
      if (!isThere) continue
      // A read that was joined may have begun long before, and others go on meanwhile.
      const isOfOneSeq = need.others.length === 0 || brought.seq === held.view.seq
      if (!isOfOneSeq || !isGoodEnough(reading, held, wanted)) continue
      others = brought.others
      schemaSeq = brought.schemaSeq
    }
    const { seq } = held.view
    // R2: the log's object must know of what a strong read says.
    if (isStrong && known.copy.head < seq) {
      const told = await askLog(log, freshness, seq)
      if (told === null) return null
      known = told
      if (held.view.seq !== seq || known.historyId !== held.historyId) continue
    }
    return { held, told: known.copy.head, others, schemaSeq, isRead }
  }
  return null
}

/** Readers that want nothing else share a read of the log. */
function forward(reading: Reading, held: HeldTopology): Promise<Brought> {
  const { context, need, log, name } = reading
  const { services, graph } = context
  const { weightKeys, others } = need
  const deps = { shard: services.shard(graph.shardId), graph, weightKeys, now: log.now }
  const { flights } = services.topologies.shelf
  return others.length > 0
    ? bringForward(held, deps, others)
    : flights.run(name, () => bringForward(held, deps), log.waiting)
}

/** What is held of the history that is known, and how far it is seen to hold; `null`: nothing. */
function heldOf({ context, log, freshness, name }: Reading, known: Known): HeldTopology | null {
  checkBookmark(freshness, known.historyId, known.copy.head)
  const held = context.services.topologies.shelf.held.get(name)
  if (held?.historyId !== known.historyId) return null
  validate(held, known, log.now())
  return held
}

/** Moves the end of the stretch over which the topology holds, if nothing touched the graph. */
function validate(held: HeldTopology, { copy, askedAt }: Known, now: number): void {
  if (copy.lastTouched(GRAPH_TAGS) > held.view.seq) return
  held.upTo = Math.max(held.upTo, copy.head)
  held.knownAt = laterTime(held.knownAt, askedAt, now)
}

const GRAPH_TAGS = ['g']

/** What was current within the bound need not wait, and is brought forward behind the answer. */
function isGoodEnough(
  reading: Reading,
  held: HeldTopology,
  { floor, head }: { readonly floor: number; readonly head: number },
): boolean {
  if (held.upTo >= Math.max(floor, head)) return true
  const { log, freshness } = reading
  const { consistency, arrivedAt } = freshness
  if (consistency.level !== 'bounded' || held.upTo < floor) return false
  const age = { knownAt: held.knownAt, arrivedAt, now: log.now() }
  if (!isWithin(boundMs(consistency), age)) return false
  log.waiting.waitUntil(forward(reading, held).catch(() => false))
  return true
}

function answered(
  { bookmark, consistency, arrivedAt }: Freshness,
  held: HeldTopology,
  { seq, told, isRead }: { readonly seq: number; readonly told: number; readonly isRead: boolean },
): TopologyAt {
  return {
    historyId: held.historyId,
    seq,
    seen: Math.max(bookmark?.seq ?? 0, seq, consistency.level === 'strong' ? told : 0),
    source: isRead ? 'origin' : 'memory',
    ageMs: Math.max(0, arrivedAt - held.knownAt),
    isStale: false,
  }
}
