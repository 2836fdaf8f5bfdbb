import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../core/log/address.ts'
import { floorIs, parkEvent } from '../db/queries/checkpoints.ts'
import {
  beginReplaySeed,
  endReplay,
  failReplay,
  forgetParkedBefore,
  moveReplay,
  moveReplaySeed,
  type Replay,
  readReplayPage,
  switchGeneration,
} from '../db/queries/replays.ts'
import { beginSeed, type SeedPlace } from '../db/queries/seeds.ts'
import { backoffMs } from './backoff.ts'
import { type Budget, type ConsumeDeps, MAX_ATTEMPTS, type Outcome } from './consume.ts'
import { type Consumer, type PreparedPage, preparePage } from './consumer.ts'
import { classOf, reasonOf } from './failures.ts'
import { firstGap } from './plan.ts'
import { prepareSeed } from './prepare-seed.ts'
import { writeMoved } from './write-moved.ts'

type ReplayPage = NonNullable<Awaited<ReturnType<typeof readReplayPage>>>

type Step =
  | { readonly did: 'moved'; readonly waitMs: number }
  | { readonly did: 'overtaken' }
  | { readonly did: 'narrow'; readonly limit: number }
  | { readonly did: 'ended'; readonly outcome: Outcome }

/** Seconds of a throttled replay that one page holds. */
const PAGE_SECONDS = 5

/**
 * Goes on with a replay until it has ended or the budget is used up. It has a checkpoint of its own, so
 * live consumption is not held up, and an interrupted replay goes on where it was. One that rebuilds a
 * projection writes to a generation that nobody reads, and switches when it has reached the live one.
 */
export async function runReplay(
  deps: ConsumeDeps,
  consumerOf: (name: string) => Consumer | undefined,
  graph: GraphAddress,
  id: string,
  consumerName: string,
  budget: Budget,
): Promise<Outcome> {
  const consumer = consumerOf(consumerName)
  if (!consumer) return { end: 'gone' }
  let limit = consumer.pageEvents
  for (let pages = 0; pages < budget.maxPages && deps.now() < budget.untilMs; pages += 1) {
    const page = await readReplayPage(deps.shard, graph, id, consumer.reads, limit)
    if (!page) return { end: 'gone' }
    const step = await takePage(deps, consumer, graph, page, limit)
    if (step.did === 'ended') return step.outcome
    if (step.did === 'narrow') limit = step.limit
    if (step.did === 'moved') {
      limit = Math.min(consumer.pageEvents, limit * 4)
      if (step.waitMs > 0) return { end: 'waiting', waitMs: step.waitMs, reason: 'throttled' }
    }
  }
  return { end: 'more' }
}

async function takePage(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  page: ReplayPage,
  limit: number,
): Promise<Step> {
  const { replay } = page
  if (replay.state !== 'running' || replay.consumer !== consumer.name) {
    return ended({ end: 'rested' })
  }
  if (replay.historyId !== page.historyId) {
    return end(deps, consumer, graph, replay, 'failed', 'the graph has another history now')
  }
  const waitMs = replay.notBefore ? Date.parse(replay.notBefore) - Date.parse(page.now) : 0
  if (waitMs > 0) return ended({ end: 'deferred' })
  const share = replay.eventsPerSecond === null ? Infinity : replay.eventsPerSecond * PAGE_SECONDS
  if (isBelowFloor(replay, page.floorSeq) && consumer.seed && replay.toSeq === null) {
    return beginAnew(deps, consumer, graph, replay, page.floorSeq)
  }
  if (replay.seed) {
    return takeSeed(deps, consumer, graph, replay, replay.seed, Math.min(limit, share))
  }
  const target = Math.min(replay.toSeq ?? page.head, page.head)
  if (replay.seq >= target) return finish(deps, consumer, graph, replay)
  const gap = firstGap(replay.seq, page.rows)
  if (gap !== null) {
    // Unless a month is dropped right now: then it is to be read again, with the new floor.
    const only = sql`and ${floorIs(graph, page.floorSeq)}`
    return end(deps, consumer, graph, replay, 'failed', `event ${gap} is no longer kept`, only)
  }
  const rows = page.rows.slice(0, Math.min(target - replay.seq, share))
  return take(deps, consumer, graph, replay, replay.attempts > 0 ? rows.slice(0, 1) : rows)
}

/**
 * Whether what is to come next is no longer kept. Asked before each step, and before the end: a page of
 * a seed that was read while a month was dropped is found out so.
 */
function isBelowFloor({ seq, seed }: Replay, floorSeq: number): boolean {
  return (seed?.seq ?? seq) < floorSeq
}

/**
 * Begins with a seed, at first or because months were dropped since. Retention does not wait for replays:
 * whoever asks for a slow one, again and again, would have the log of all tenants kept for ever. At
 * most once a month a replay has so to begin anew.
 */
function beginAnew(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  replay: Replay,
  floorSeq: number,
): Promise<Step> {
  const built = replay.generation
  const statements = [
    beginReplaySeed(graph, replay, beginSeed(floorSeq)),
    ...(built === null ? [] : (consumer.projection?.discard(graph, built) ?? [])),
  ]
  return writeMoved<Step>(deps.shard, graph.tenantId, statements, { did: 'moved', waitMs: 0 })
}

async function takeSeed(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  replay: Replay,
  seed: SeedPlace,
  limit: number,
): Promise<Step> {
  const { historyId, generation, eventsPerSecond } = replay
  const place = { graph, historyId, generation: generation ?? 0, isReplay: true }
  try {
    const page = await prepareSeed(deps.shard, consumer, place, seed, limit)
    if (!page) return { did: 'overtaken' }
    await page.deliver()
    const waitMs = eventsPerSecond === null ? 0 : (page.count * 1_000) / eventsPerSecond
    await deps.shard.batch(graph.tenantId, [
      moveReplaySeed(graph, replay, { seq: seed.seq, next: page.next, waitMs }),
      ...page.effect(),
    ])
    return { did: 'moved', waitMs }
  } catch (error) {
    const kind = classOf(error)
    if (kind === 'overtaken') return { did: 'overtaken' }
    if (kind === 'database') throw error
    const reason = reasonOf(error)
    // No event stands for a record: what cannot be taken cannot be set aside.
    if (kind === 'poison' || (kind === 'effect' && replay.attempts + 1 >= MAX_ATTEMPTS)) {
      return end(deps, consumer, graph, replay, 'failed', reason)
    }
    return fail(deps, graph, replay, reason)
  }
}

/** Notes the failure, and when to try again. */
function fail(
  deps: ConsumeDeps,
  graph: GraphAddress,
  replay: Replay,
  reason: string,
): Promise<Step> {
  const waitMs = backoffMs(replay.attempts + 1, deps.random())
  const statement = failReplay(graph, replay, { reason, retryAfterMs: waitMs })
  return writeMoved<Step>(
    deps.shard,
    graph.tenantId,
    [statement],
    ended({ end: 'waiting', waitMs, reason }),
  )
}

async function take(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  replay: Replay,
  rows: ReplayPage['rows'],
): Promise<Step> {
  const { historyId, generation, eventsPerSecond } = replay
  const place = { graph, historyId, generation: generation ?? 0, isReplay: true }
  let prepared: PreparedPage | null = null
  try {
    prepared = preparePage(consumer, place, rows)
    await prepared.deliver()
    const waitMs = eventsPerSecond === null ? 0 : (prepared.count * 1_000) / eventsPerSecond
    await deps.shard.batch(graph.tenantId, [
      moveReplay(graph, replay, { seq: prepared.lastSeq, waitMs }),
      ...prepared.effect(),
    ])
    return { did: 'moved', waitMs }
  } catch (error) {
    const kind = classOf(error)
    if (kind === 'overtaken') return { did: 'overtaken' }
    if (kind === 'database') throw error
    const count = kind === 'fault' ? 1 : (prepared?.count ?? 1)
    if (count > 1) return { did: 'narrow', limit: Math.floor(count / 2) }
    const reason = reasonOf(error)
    const seq = replay.seq + 1
    const isHopeless =
      kind === 'poison' || (kind === 'effect' && replay.attempts + 1 >= MAX_ATTEMPTS)
    if (!isHopeless) return fail(deps, graph, replay, reason)
    const at = { historyId, attempts: replay.attempts }
    const statements = [
      moveReplay(graph, replay, { seq, waitMs: 0 }),
      parkEvent(graph, consumer.name, at, { seq, reason }),
    ]
    return writeMoved<Step>(deps.shard, graph.tenantId, statements, { did: 'moved', waitMs: 0 })
  }
}

/** All is read: done, unless a projection was rebuilt and the live one has read more in the meantime. */
async function finish(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  replay: Replay,
): Promise<Step> {
  const { generation } = replay
  if (generation === null) return end(deps, consumer, graph, replay, 'done', null)
  const statements = [
    switchGeneration(graph, replay),
    endReplay(graph, replay, 'done'),
    forgetParkedBefore(graph, replay),
    ...(consumer.projection?.keepOnly(graph, [generation]) ?? []),
  ]
  return writeMoved<Step>(deps.shard, graph.tenantId, statements, ended({ end: 'rested' }))
}

async function end(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  replay: Replay,
  state: 'done' | 'failed',
  reason: string | null,
  only?: SQL,
): Promise<Step> {
  const built = replay.generation
  const statements = [
    endReplay(graph, replay, state, reason, only),
    ...(built === null ? [] : (consumer.projection?.discard(graph, built) ?? [])),
  ]
  return writeMoved<Step>(deps.shard, graph.tenantId, statements, ended({ end: 'rested' }))
}

function ended(outcome: Outcome): Step {
  return { did: 'ended', outcome }
}
