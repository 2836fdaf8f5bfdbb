import type { GraphAddress } from '../core/log/address.ts'
import type { Database } from '../db/client.ts'
import {
  beginCheckpoint,
  type Checkpoint,
  failCheckpoint,
  forgetParked,
  type LogPage,
  moveCheckpoint,
  moveSeed,
  parkEvent,
  readPage,
  restartCheckpoint,
} from '../db/queries/checkpoints.ts'
import { failRebuilds } from '../db/queries/replays.ts'
import type { SeedPlace } from '../db/queries/seeds.ts'
import { backoffMs } from './backoff.ts'
import { type Consumer, type PreparedPage, preparePage } from './consumer.ts'
import { classOf, reasonOf } from './failures.ts'
import { planPage } from './plan.ts'
import { prepareSeed } from './prepare-seed.ts'
import { writeMoved } from './write-moved.ts'

/** What one run over a graph's log may take. */
export type Budget = { readonly maxPages: number; readonly untilMs: number }

export type ConsumeDeps = {
  readonly shard: Database
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
}

/**
 * Where a run ended. `rested`: nothing is left. `more`: the budget is used up. `waiting`: the next event
 * has just failed, and its next attempt is due in `waitMs`. `deferred`: it has failed before, and whoever
 * found out has seen to it. `gone`: there is no such graph here.
 */
export type Outcome =
  | { readonly end: 'rested' | 'more' | 'deferred' | 'gone' }
  | { readonly end: 'waiting'; readonly waitMs: number; readonly reason: string }

/** Attempts at an event before it is parked, some two hours: longer than most others are away. */
export const MAX_ATTEMPTS = 14
/** Rivals in a row, each of whom has moved the checkpoint: they do the work. */
const MAX_OVERTAKEN = 20

/**
 * Reads a graph's log from the consumer's checkpoint on, page by page, until nothing is left or the
 * budget is. Safe at any time, by several at once, and wherever it is stopped: a page's effect and the
 * new checkpoint are one transaction, which is refused unless the checkpoint is where it was read.
 * Rejects only with a `DatabaseError`: nothing can be noted then.
 */
export async function consume(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  budget: Budget,
): Promise<Outcome> {
  let limit = consumer.pageEvents
  let overtaken = 0
  for (let pages = 0; pages < budget.maxPages; ) {
    const page = await readPage(deps.shard, graph, consumer.name, consumer.reads, limit)
    if (!page) return { end: 'gone' }
    const result = await takePage(deps, consumer, graph, page, limit)
    switch (result.did) {
      case 'moved':
        // What comes after this has a pointer of its own.
        if (result.isAtHead) return { end: 'rested' }
        pages += 1
        overtaken = 0
        // What follows a page that had to be narrowed is probably sound.
        limit = Math.min(consumer.pageEvents, limit * 4)
        break
      case 'began':
        break
      case 'overtaken':
        overtaken += 1
        if (overtaken > MAX_OVERTAKEN) return { end: 'more' }
        break
      case 'narrow':
        limit = result.limit
        break
      case 'ended':
        return result.outcome
    }
    if (deps.now() >= budget.untilMs) break
  }
  return { end: 'more' }
}

type Step =
  /** `isAtHead`: nothing was left in the log when the page was read. */
  | { readonly did: 'moved'; readonly isAtHead: boolean }
  | { readonly did: 'began' | 'overtaken' }
  | { readonly did: 'narrow'; readonly limit: number }
  | { readonly did: 'ended'; readonly outcome: Outcome }

async function takePage(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  page: LogPage,
  limit: number,
): Promise<Step> {
  const plan = planPage(page, consumer.seed !== null)
  switch (plan.do) {
    case 'begin':
      await deps.shard.batch(graph.tenantId, [beginCheckpoint(graph, consumer.name, plan)])
      return { did: 'began' }
    case 'restart': {
      // Nothing was counted anew yet, in whatever generation.
      const statements = [
        restartCheckpoint(graph, consumer.name, plan.from, plan),
        forgetParked(graph, consumer.name),
        failRebuilds(graph, consumer.name, 'the consumer has begun anew itself'),
        ...(consumer.projection?.keepOnly(graph, []) ?? []),
      ]
      return writeMoved<Step>(deps.shard, graph.tenantId, statements, { did: 'began' })
    }
    case 'rest':
      return { did: 'ended', outcome: { end: 'rested' } }
    case 'wait':
      return { did: 'ended', outcome: { end: 'deferred' } }
    case 'stop':
      return fail(deps, consumer, graph, plan.from, plan.reason)
    case 'take':
      return take(deps, consumer, graph, page, plan.from)
    case 'seed':
      return takeSeed(deps, consumer, graph, plan.from, plan.seed, limit)
  }
}

/** What fails is tried again and never set aside: no event stands for a record of a seed. */
async function takeSeed(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  from: Checkpoint,
  seed: SeedPlace,
  limit: number,
): Promise<Step> {
  const { historyId, generation } = from
  const place = { graph, historyId, generation, isReplay: false }
  try {
    const page = await prepareSeed(deps.shard, consumer, place, seed, limit)
    if (!page) return { did: 'overtaken' }
    await page.deliver()
    await deps.shard.batch(graph.tenantId, [
      moveSeed(graph, consumer.name, from, { seq: seed.seq, next: page.next }),
      ...page.effect(),
    ])
    return { did: 'moved', isAtHead: false }
  } catch (error) {
    const kind = classOf(error)
    if (kind === 'overtaken') return { did: 'overtaken' }
    if (kind === 'database') throw error
    return fail(deps, consumer, graph, from, reasonOf(error))
  }
}

async function take(
  deps: ConsumeDeps,
  consumer: Consumer,
  graph: GraphAddress,
  { rows, historyId, head }: LogPage,
  from: Checkpoint,
): Promise<Step> {
  const place = { graph, historyId, generation: from.generation, isReplay: false }
  // An event that has failed is tried alone, so that those before it do not fail with it.
  const tried = from.attempts > 0 ? rows.slice(0, 1) : rows
  let prepared: PreparedPage | null = null
  try {
    prepared = preparePage(consumer, place, tried)
    await prepared.deliver()
    await deps.shard.batch(graph.tenantId, [
      moveCheckpoint(graph, consumer.name, from, { seq: prepared.lastSeq }),
      ...prepared.effect(),
    ])
    return { did: 'moved', isAtHead: prepared.lastSeq === head }
  } catch (error) {
    const kind = classOf(error)
    if (kind === 'overtaken') return { did: 'overtaken' }
    if (kind === 'database') throw error
    if (kind === 'fault') return fail(deps, consumer, graph, from, reasonOf(error))
    // Nobody knows which event of several it was.
    const count = prepared?.count ?? 1
    if (count > 1) return { did: 'narrow', limit: Math.floor(count / 2) }
    const isHopeless = kind === 'poison' || from.attempts + 1 >= MAX_ATTEMPTS
    const reason = reasonOf(error)
    if (!isHopeless) return fail(deps, consumer, graph, from, reason)
    const seq = from.seq + 1
    const statements = [
      moveCheckpoint(graph, consumer.name, from, { seq }),
      parkEvent(graph, consumer.name, from, { seq, reason }),
    ]
    return writeMoved<Step>(deps.shard, graph.tenantId, statements, {
      did: 'moved',
      isAtHead: seq === head,
    })
  }
}

/** Notes the failure, and when to try again. */
async function fail(
  deps: ConsumeDeps,
  { name }: Consumer,
  graph: GraphAddress,
  from: Checkpoint,
  reason: string,
): Promise<Step> {
  const waitMs = backoffMs(from.attempts + 1, deps.random())
  const statement = failCheckpoint(graph, name, from, { reason, retryAfterMs: waitMs })
  const outcome: Outcome = { end: 'waiting', waitMs, reason }
  return writeMoved<Step>(deps.shard, graph.tenantId, [statement], { did: 'ended', outcome })
}
