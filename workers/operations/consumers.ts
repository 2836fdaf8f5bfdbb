import { notFound } from '../../core/errors.ts'
import { type ConsumerState, consumerStates } from '../../db/queries/consumers.ts'
import { placedGraphs } from '../../db/queries/placements.ts'
import type { Consumer } from '../../queues/consumer.ts'
import { CONSUMER_NAMES, CONSUMERS } from '../../queues/consumers/all.ts'
import { graphOperation, tenantOperation } from './define.ts'

/** How far a consumer is behind all graphs of a tenant. */
export type ConsumerLag = {
  readonly name: string
  readonly graphs: number
  /** Graphs with events that it has not read. */
  readonly behind: number
  /** Events that it has not read. */
  readonly lag: number
  /** Age of the oldest of them. */
  readonly lag_seconds: number
  /** Graphs in which its last attempt failed. */
  readonly failing: number
  /** Events that it could not take. */
  readonly parked: number
}

export const findConsumers = tenantOperation(
  'graph.read',
  async (context, _input: null): Promise<ConsumerLag[]> => {
    const { services, principal } = context
    const placed = await placedGraphs(services.catalog, principal.tenantId)
    const shardIds = [...new Set(placed.map(({ address }) => address.shardId))]
    const known = new Set<string>(placed.map(({ address }) => address.graphId))
    const states = await Promise.all(
      shardIds.map((id) => consumerStates(services.shard(id), principal.tenantId, CONSUMER_NAMES)),
    )
    const own = states.flat().filter(({ graphId }) => known.has(graphId))
    return CONSUMER_NAMES.map((name) =>
      lagOf(
        name,
        own.filter(({ consumer }) => consumer === name),
        services.now(),
      ),
    )
  },
)

function lagOf(name: string, states: readonly ConsumerState[], nowMs: number): ConsumerLag {
  const sum = (value: (state: ConsumerState) => number) =>
    states.reduce((total, state) => total + value(state), 0)
  return {
    name,
    graphs: states.length,
    behind: sum(({ seq, head }) => Number(seq < head)),
    lag: sum(({ seq, head }) => head - seq),
    lag_seconds: Math.max(0, ...states.map((state) => lagSeconds(state, nowMs))),
    failing: sum(({ attempts }) => Number(attempts > 0)),
    parked: sum(({ parked }) => parked),
  }
}

/** Clocks of databases and workers differ by little; less than nothing is nothing. */
function lagSeconds({ oldestUnreadAt }: ConsumerState, nowMs: number): number {
  if (oldestUnreadAt === null) return 0
  return Math.max(0, Math.round((nowMs - Date.parse(oldestUnreadAt)) / 1_000))
}

/** One consumer in one graph. */
export type GraphConsumer = {
  readonly name: string
  readonly seq: number
  readonly head: number
  readonly lag: number
  readonly lag_seconds: number
  readonly generation: number
  readonly attempts: number
  readonly next_attempt_at: string | null
  readonly reason: string | null
  readonly parked: number
}

export const findGraphConsumers = graphOperation(
  'graph.read',
  async ({ services, graph }, _input: null): Promise<GraphConsumer[]> => {
    const shard = services.shard(graph.shardId)
    const states = await consumerStates(shard, graph.tenantId, CONSUMER_NAMES, graph.graphId)
    return states.map((state) => ({
      name: state.consumer,
      seq: state.seq,
      head: state.head,
      lag: state.head - state.seq,
      lag_seconds: lagSeconds(state, services.now()),
      generation: state.generation,
      attempts: state.attempts,
      next_attempt_at: state.notBefore,
      reason: state.reason,
      parked: state.parked,
    }))
  },
)

/** Throws `not_found`. */
export function consumerNamed(name: string): Consumer {
  const consumer = CONSUMERS.find((each) => each.name === name)
  if (!consumer) throw notFound('this consumer')
  return consumer
}
