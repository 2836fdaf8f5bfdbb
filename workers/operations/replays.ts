import { type ErrorCode, invalid, isAppError, notFound } from '../../core/errors.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { DEFAULT_GRAPH } from '../../core/tenant/requests.ts'
import { readHead } from '../../db/queries/checkpoints.ts'
import { type PlacedGraph, placedGraphs } from '../../db/queries/placements.ts'
import {
  beginReplay,
  cancelReplay,
  getReplay,
  listReplays,
  type NewReplay,
  type Replay,
} from '../../db/queries/replays.ts'
import type { Consumer } from '../../queues/consumer.ts'
import type { TenantContext } from '../context.ts'
import { consumerNamed } from './consumers.ts'
import { graphOperation, tenantOperation } from './define.ts'
import { changeOnce } from './once.ts'
import { retained } from './records.ts'

export type ReplayInput = {
  readonly consumer: string
  readonly fromSeq: number
  readonly toSeq: number | null
  readonly eventsPerSecond: number | null
}

/** A replay as it is shown. */
export type ReplayView = {
  readonly id: string
  readonly consumer: string
  readonly state: Replay['state']
  readonly from_seq: number
  readonly to_seq: number | null
  readonly seq: number
  readonly rebuilds: boolean
  readonly events_per_second: number | null
  readonly attempts: number
  readonly next_attempt_at: string | null
  readonly reason: string | null
  readonly created_at: string
  readonly updated_at: string
}

type Begun = { readonly answer: ReplayView; readonly replayed: boolean }

const WHAT = 'this replay'

export const createReplay = graphOperation('consumers.manage', (context, input: ReplayInput) =>
  begin(context, context.graph, input),
)

export type Replays = {
  readonly items: readonly { readonly graph: string; readonly id: string }[]
  readonly skipped: readonly { readonly graph: string; readonly reason: string }[]
}

/** In every graph of the tenant where the consumer can be replayed; `skipped` are the others. */
export const createReplays = tenantOperation(
  'consumers.manage',
  async (context, input: ReplayInput) => {
    const { services, principal } = context
    refuseBadRange(consumerNamed(input.consumer), input)
    const placed = await placedGraphs(services.catalog, principal.tenantId)
    // Where the answer is kept: every tenant has a default graph.
    const home = placed.find(({ name }) => name === DEFAULT_GRAPH)
    if (!home) throw notFound('the default graph')
    return changeOnce(context, home.address, {
      what: WHAT,
      part: ':all',
      prepare: async () => ({ answer: await beginAll(context, placed, input), statements: [] }),
    })
  },
)

async function beginAll(
  context: TenantContext,
  placed: readonly PlacedGraph[],
  input: ReplayInput,
): Promise<Replays> {
  const items: { graph: string; id: string }[] = []
  const skipped: { graph: string; reason: string }[] = []
  for (const { name, address } of placed) {
    try {
      const { answer } = await begin(context, address, input)
      items.push({ graph: name, id: answer.id })
    } catch (error) {
      if (!isAppError(error) || !SKIPPED.includes(error.code)) throw error
      skipped.push({ graph: name, reason: error.message })
    }
  }
  return { items, skipped }
}

/** What is wrong with one graph, and no reason to leave the others out. */
const SKIPPED: readonly ErrorCode[] = ['conflict', 'gone', 'not_found']

async function begin(
  context: TenantContext,
  graph: GraphAddress,
  input: ReplayInput,
): Promise<Begun> {
  const { services } = context
  const consumer = consumerNamed(input.consumer)
  refuseBadRange(consumer, input)
  const { answer, replayed } = await changeOnce(context, graph, {
    what: WHAT,
    prepare: async () => {
      const head = await readHead(services.shard(graph.shardId), graph)
      if (!head) throw notFound('this graph')
      const canBegin = consumer.seed !== null && input.toSeq === null
      if (input.fromSeq <= head.floorSeq && !canBegin) throw retained(head.floorSeq)
      const replay: NewReplay = {
        ...input,
        id: services.newId(),
        rebuilds: consumer.projection !== null,
        createdAt: head.now,
      }
      return { answer: begunView(replay), statements: beginReplay(graph, replay) }
    },
  })
  if (!replayed) {
    try {
      const pointer = { graph, consumer: consumer.name, replay: answer.id }
      await services.sendPointer('backlog', pointer, 0)
    } catch {
      // The queue is away: the next sweep finds the replay.
    }
  }
  return { answer, replayed }
}

/** A projection is of the whole log: one built from a part of it would be wrong. */
function refuseBadRange({ projection }: Consumer, { fromSeq, toSeq }: ReplayInput): void {
  const errors = [
    ...(projection && fromSeq !== 1
      ? [
          {
            pointer: '/from_seq',
            message: 'must be 1: this consumer is rebuilt from the beginning',
          },
        ]
      : []),
    ...(projection && toSeq !== null
      ? [{ pointer: '/to_seq', message: 'must be absent: this consumer is rebuilt to the end' }]
      : []),
    ...(toSeq !== null && toSeq < fromSeq
      ? [{ pointer: '/to_seq', message: 'must not be below from_seq' }]
      : []),
  ]
  if (errors.length > 0) throw invalid(errors)
}

type Position = { readonly createdAt: string; readonly id: string }

export const findReplays = graphOperation(
  'consumers.manage',
  (
    { services, graph },
    { limit, before }: { limit: number; before: Position | null },
  ): Promise<ReplayView[]> =>
    listReplays(services.shard(graph.shardId), graph, limit, before).then((all) => all.map(viewOf)),
)

export const readReplay = graphOperation(
  'consumers.manage',
  async ({ services, graph }, id: string): Promise<ReplayView> => {
    const replay = await getReplay(services.shard(graph.shardId), graph, id)
    if (!replay) throw notFound(WHAT)
    return viewOf(replay)
  },
)

/** What a rebuild has built so far is thrown away. */
export const stopReplay = graphOperation('consumers.manage', (context, id: string) => {
  const { services, graph } = context
  return changeOnce(context, graph, {
    what: WHAT,
    prepare: async () => {
      const replay = await getReplay(services.shard(graph.shardId), graph, id)
      if (!replay) throw notFound(WHAT)
      const { projection } = consumerNamed(replay.consumer)
      const built = replay.generation === null ? [] : projection?.discard(graph, replay.generation)
      return { answer: null, statements: [cancelReplay(graph, id), ...(built ?? [])] }
    },
  })
})

/** A replay that has just begun. */
function begunView({
  id,
  consumer,
  fromSeq,
  toSeq,
  eventsPerSecond,
  rebuilds,
  createdAt,
}: NewReplay) {
  return {
    ...{ id, consumer, state: 'running' as const, from_seq: fromSeq, to_seq: toSeq },
    ...{ seq: fromSeq - 1, rebuilds, events_per_second: eventsPerSecond, attempts: 0 },
    ...{ next_attempt_at: null, reason: null, created_at: createdAt, updated_at: createdAt },
  }
}

function viewOf(replay: Replay): ReplayView {
  return {
    id: replay.id,
    consumer: replay.consumer,
    state: replay.state,
    from_seq: replay.fromSeq,
    to_seq: replay.toSeq,
    seq: replay.seq,
    rebuilds: replay.generation !== null,
    events_per_second: replay.eventsPerSecond,
    attempts: replay.attempts,
    next_attempt_at: replay.notBefore,
    reason: replay.reason,
    created_at: replay.createdAt,
    updated_at: replay.updatedAt,
  }
}
