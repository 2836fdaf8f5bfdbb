import type { SQL } from 'drizzle-orm'
import { applyChanges, type TopologyChange } from '../../../core/graph/changes.ts'
import { TopologyError } from '../../../core/graph/topology-error.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Database, Row } from '../../../db/client.ts'
import { type TopologyEvent, topologyEvents } from '../../../db/queries/topology.ts'
import type { HeldTopology } from './held.ts'

/** Events beyond which reading them costs a reader more than the engine in SQL does. */
export const MAX_EVENTS_FORWARD = 10_000

export type Forward = {
  readonly shard: Database
  readonly graph: GraphAddress
  readonly weightKeys: readonly string[] | null
  readonly now: () => number
  /** Default `MAX_EVENTS_FORWARD`. */
  readonly maxEvents?: number
}

/** `false`: it cannot be brought forward, and has to be built or loaded anew. */
export type Brought =
  | {
      readonly seq: number
      readonly schemaSeq: number
      readonly others: readonly (readonly Row[])[]
    }
  | false

/**
 * Brings a topology forward to the head of the log, by one read of the primary. `others` are read in
 * the same snapshot: of the same seq, unless another read has brought the topology further meanwhile.
 */
export async function bringForward(
  held: HeldTopology,
  { shard, graph, weightKeys, now, maxEvents = MAX_EVENTS_FORWARD }: Forward,
  others: readonly SQL[] = [],
): Promise<Brought> {
  const began = now()
  const { view, historyId } = held
  const after = view.seq
  const read = await topologyEvents(shard, graph, { after, limit: maxEvents }, weightKeys, others)
  const isReachable =
    read.historyId === historyId && read.floorSeq <= after && read.events.length <= maxEvents
  if (!isReachable) return false
  try {
    applyChanges(view, read.events.map(toChange), read.seq)
  } catch (error) {
    if (error instanceof TopologyError) return false
    throw error
  }
  held.upTo = Math.max(held.upTo, view.seq)
  held.knownAt = Math.max(held.knownAt, began)
  return { seq: read.seq, schemaSeq: read.schemaSeq, others: read.others }
}

function toChange(event: TopologyEvent): TopologyChange {
  const { seq, kind, id, type, fromId, toId, createdSeq, weight } = event
  if (kind === 'entity.created') return { seq, kind, id, type }
  if (kind === 'entity.deleted') return { seq, kind, id }
  const ends = { type, from: fromId ?? '', to: toId ?? '' }
  switch (kind) {
    case 'relationship.created':
      return { seq, kind, ...ends, weight }
    case 'relationship.updated':
      return { seq, kind: 'relationship.weighted', ...ends, createdSeq, weight }
    case 'relationship.deleted':
      return { seq, kind, ...ends, createdSeq }
  }
}
