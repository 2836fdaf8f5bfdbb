import type { Database } from '../db/client.ts'
import { backoffMs } from './backoff.ts'
import { type Budget, consume, type Outcome } from './consume.ts'
import type { Consumer } from './consumer.ts'
import { keepMessage } from './dead-letters.ts'
import { classOf, reasonOf } from './failures.ts'
import { type Lane, LIVE_QUEUE, MAX_RETRIES, type Pointer, parsePointer } from './messages.ts'
import { runReplay } from './replay.ts'

/** What a queue hands over: of the platform's `Message`, what is used here. */
export type QueueMessage = {
  readonly id: string
  readonly body: unknown
  /** 1 at the first delivery. */
  readonly attempts: number
  ack(): void
  retry(options?: { readonly delaySeconds?: number }): void
}

/** Everything that consuming may use of the outside world. */
export type DispatchDeps = {
  /** Throws for a shard that is not known. */
  readonly shard: (shardId: string) => Database
  /** The first of all: for what cannot be said to belong anywhere. */
  readonly anyShard: () => Database
  readonly consumers: readonly Consumer[]
  readonly send: (lane: Lane, pointer: Pointer, delaySeconds: number) => Promise<void>
  readonly now: () => number
  /** In [0, 1). */
  readonly random: () => number
  /** For the log of the worker; without data. */
  readonly onFailure: (failure: DispatchFailure) => void
}

export type DispatchFailure = {
  readonly queue: string
  readonly messageId: string
  readonly attempts: number
  readonly reason: string
}

/** Short in the live lane, so that no graph keeps others waiting; the rest goes on in the other. */
const BUDGETS: Readonly<Record<Lane, { readonly maxPages: number; readonly ms: number }>> = {
  live: { maxPages: 4, ms: 5_000 },
  backlog: { maxPages: 20, ms: 20_000 },
}

/** Pointers of one batch at a time: each has one connection open, of the six there are. */
const CONCURRENCY = 4

/** Queues take delays up to twelve hours. */
const MAX_DELAY_SECONDS = 12 * 3_600

/**
 * Works on a batch of pointers. Each message is settled by itself, and nothing is ever thrown: what is
 * thrown by a handler makes some runtimes deliver settled messages again. Pointers to the same thing
 * are followed once.
 */
export async function dispatchPointers(
  deps: DispatchDeps,
  queue: string,
  messages: readonly QueueMessage[],
): Promise<void> {
  const groups = new Map<string, QueueMessage[]>()
  for (const message of messages) {
    const pointer = parsePointer(message.body)
    const key = pointer ? JSON.stringify(message.body) : message.id
    groups.set(key, [...(groups.get(key) ?? []), message])
  }
  const waiting = [...groups.values()]
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      for (let group = waiting.shift(); group; group = waiting.shift()) {
        await settle(deps, queue, group)
      }
    }),
  )
}

async function settle(
  deps: DispatchDeps,
  queue: string,
  group: readonly QueueMessage[],
): Promise<void> {
  try {
    const [first] = group
    const pointer = parsePointer(first?.body)
    if (!pointer) throw new Error('this is no pointer to a log')
    await follow(deps, queue === LIVE_QUEUE ? 'live' : 'backlog', pointer)
    for (const message of group) message.ack()
  } catch (error) {
    for (const message of group) await giveBack(deps, queue, message, error)
  }
}

/** Follows a pointer. Rejects when the database does not answer or the rest cannot be sent on. */
export async function follow(deps: DispatchDeps, lane: Lane, pointer: Pointer): Promise<void> {
  const { ms, maxPages } = BUDGETS[lane]
  const budget: Budget = { maxPages, untilMs: deps.now() + ms }
  const named = deps.consumers.filter(
    ({ name }) => pointer.consumer === null || pointer.consumer === name,
  )
  // One after the other, each under its own budget: one that fails does not keep the next from its turn.
  const failures: unknown[] = []
  for (const consumer of named) {
    try {
      const outcome = await run(deps, pointer, consumer, budget)
      await sendOn(deps, { ...pointer, consumer: consumer.name }, outcome)
    } catch (error) {
      failures.push(error)
    }
  }
  if (failures.length > 0) throw failures[0]
}

function run(
  { shard, consumers, now, random }: DispatchDeps,
  { graph, replay }: Pointer,
  consumer: Consumer,
  budget: Budget,
): Promise<Outcome> {
  const deps = { shard: shard(graph.shardId), now, random }
  if (replay === null) return consume(deps, consumer, graph, budget)
  const consumerOf = (name: string) => consumers.find((each) => each.name === name)
  return runReplay(deps, consumerOf, graph, replay, consumer.name, budget)
}

/** What is left goes to the end of the other lane's line, where every graph has its turn. */
async function sendOn(deps: DispatchDeps, pointer: Pointer, outcome: Outcome): Promise<void> {
  switch (outcome.end) {
    case 'rested':
    case 'deferred':
    case 'gone':
      return
    case 'more':
      return deps.send('backlog', pointer, 0)
    case 'waiting':
      return deps.send('backlog', pointer, secondsOf(outcome.waitMs))
  }
}

async function giveBack(
  deps: DispatchDeps,
  queue: string,
  message: QueueMessage,
  error: unknown,
): Promise<void> {
  const { id: messageId, attempts } = message
  const reason = reasonOf(error)
  deps.onFailure({ queue, messageId, attempts, reason })
  const isLast = attempts > (MAX_RETRIES[queue] ?? 0)
  const kind = classOf(error)
  const isHopeless = kind === 'effect' || kind === 'poison'
  if (isLast || (isHopeless && attempts > 1)) {
    // The platform would move it without the reason.
    if (await keepMessage(deps, queue, message, reason)) return message.ack()
  }
  message.retry({ delaySeconds: secondsOf(backoffMs(attempts, deps.random())) })
}

function secondsOf(ms: number): number {
  return Math.min(MAX_DELAY_SECONDS, Math.max(1, Math.ceil(ms / 1_000)))
}
