import {
  type HourTotal,
  type KindTotal,
  readStatistics,
  type ShardStatistics,
  type TypeTotal,
} from '../../db/queries/dashboard.ts'
import { placedGraphs } from '../../db/queries/placements.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { graphOperation, tenantOperation } from './define.ts'

/** Hours of activity shown. */
export const ACTIVITY_HOURS = 24
/** Types shown, the most frequent first. */
const MAX_TYPES = 100

export type Totals = {
  readonly entities: number
  readonly relationships: number
  /** Definitions. */
  readonly types: number
  readonly events: number
  readonly storage: {
    /** UTF-8 bytes of names, external ids and properties. */
    readonly record_bytes: number
    /** Bytes of the log's images, as they are stored. */
    readonly log_bytes: number
  }
  /** Events that are not counted yet. */
  readonly uncounted_events: number
}

export type Statistics = Totals & {
  readonly entity_types: readonly NamedCount[]
  readonly relationship_types: readonly NamedCount[]
  /** Hours in which something happened, the oldest first. */
  readonly activity: readonly Activity[]
}

type NamedCount = { readonly type: string; readonly count: number; readonly bytes: number }
type Activity = {
  readonly hour: string
  readonly created: number
  readonly updated: number
  readonly deleted: number
  /** Events of types. */
  readonly other: number
}

export type Dashboard = Statistics & {
  readonly graphs: readonly (Totals & { readonly name: string })[]
}

/** All graphs of a tenant, as far as they are counted: a read per shard, however much they hold. */
export const readDashboard = tenantOperation(
  'graph.read',
  async ({ services, principal }, _input: null): Promise<Dashboard> => {
    const placed = await placedGraphs(services.catalog, principal.tenantId)
    const shardIds = [...new Set(placed.map(({ address }) => address.shardId))]
    const read = await Promise.all(
      shardIds.map((id) =>
        readStatistics(services.shard(id), principal.tenantId, {
          graphId: null,
          consumer: statistics.name,
          hours: ACTIVITY_HOURS,
        }),
      ),
    )
    const known = new Set<string>(placed.map(({ address }) => address.graphId))
    const all: ShardStatistics = {
      kinds: read.flatMap(({ kinds }) => kinds).filter(({ graphId }) => known.has(graphId)),
      types: read.flatMap(({ types }) => types),
      hours: read.flatMap(({ hours }) => hours),
      countedUpTo: read
        .flatMap(({ countedUpTo }) => countedUpTo)
        .filter(({ graphId }) => known.has(graphId)),
    }
    const graphs = placed.map(({ name, address: { graphId } }) => ({
      name,
      ...totalsOf({
        kinds: all.kinds.filter((each) => each.graphId === graphId),
        countedUpTo: all.countedUpTo.filter((each) => each.graphId === graphId),
      }),
    }))
    return { ...statisticsOf(all), graphs }
  },
)

export const readGraphStatistics = graphOperation(
  'graph.read',
  async ({ services, graph }, _input: null): Promise<Statistics> =>
    statisticsOf(
      await readStatistics(services.shard(graph.shardId), graph.tenantId, {
        graphId: graph.graphId,
        consumer: statistics.name,
        hours: ACTIVITY_HOURS,
      }),
    ),
)

function statisticsOf(read: ShardStatistics): Statistics {
  return {
    ...totalsOf(read),
    entity_types: typesOf(read.types, 'entity'),
    relationship_types: typesOf(read.types, 'relationship'),
    activity: activityOf(read.hours),
  }
}

function totalsOf({ kinds, countedUpTo }: Pick<ShardStatistics, 'kinds' | 'countedUpTo'>): Totals {
  const sum = (kind: string, field: 'count' | 'bytes') =>
    kinds
      .filter((each: KindTotal) => each.kind === kind)
      .reduce((total, each) => total + each[field], 0)
  return {
    entities: sum('entity', 'count'),
    relationships: sum('relationship', 'count'),
    types: sum('type', 'count'),
    events: sum('event', 'count'),
    storage: {
      record_bytes: sum('entity', 'bytes') + sum('relationship', 'bytes'),
      log_bytes: sum('event', 'bytes'),
    },
    uncounted_events: countedUpTo.reduce((total, { seq, head }) => total + head - seq, 0),
  }
}

/** A tenant may have graphs on several shards, and the same type in each. */
function typesOf(types: readonly TypeTotal[], kind: TypeTotal['kind']): NamedCount[] {
  const byType = new Map<string, NamedCount>()
  for (const { type, count, bytes } of types.filter((each) => each.kind === kind)) {
    const known = byType.get(type) ?? { type, count: 0, bytes: 0 }
    byType.set(type, { type, count: known.count + count, bytes: known.bytes + bytes })
  }
  return [...byType.values()]
    .sort((a, b) => b.count - a.count || (a.type < b.type ? -1 : 1))
    .slice(0, MAX_TYPES)
}

function activityOf(hours: readonly HourTotal[]): Activity[] {
  const byHour = new Map<string, Activity>()
  for (const { hour, kind, count } of hours) {
    const known = byHour.get(hour) ?? { hour, created: 0, updated: 0, deleted: 0, other: 0 }
    const field = FIELDS.find((each) => kind.endsWith(`.${each}`) && !kind.startsWith('type.'))
    const key = field ?? 'other'
    byHour.set(hour, { ...known, [key]: known[key] + count })
  }
  return [...byHour.values()].sort((a, b) => (a.hour < b.hour ? -1 : 1))
}

const FIELDS = ['created', 'updated', 'deleted'] as const
