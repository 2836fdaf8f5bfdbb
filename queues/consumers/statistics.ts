import {
  type ActivityDelta,
  addActivity,
  addStatistics,
  discardGeneration,
  keepOnlyGenerations,
  type StatisticsDelta,
} from '../../db/queries/statistics.ts'
import type { Consumer, SeedPart, SizedEvent, SizedRecord } from '../consumer.ts'
import { PermanentFailure } from '../failures.ts'

/** Keeps counts and sizes by type, and what happened in each hour: what the dashboard shows. */
export const statistics: Consumer = {
  name: 'statistics',
  pageEvents: 2_000,
  reads: 'sizes',
  projection: { keepOnly: keepOnlyGenerations, discard: discardGeneration },
  effect: ({ graph, generation }, events) => [
    addStatistics(graph, generation, statisticsOf(events)),
    addActivity(graph, generation, activityOf(events)),
  ],
  seed: {
    effect: ({ graph, generation }, part) => [
      addStatistics(graph, generation, seedStatistics(part)),
    ],
  },
}

/**
 * What the graph held before its log begins. Events that are no longer kept count as events, and take no
 * bytes; when they happened is not known any more.
 */
export function seedStatistics({ seq, records, isLast }: SeedPart<SizedRecord>): StatisticsDelta[] {
  const sums = new Map<string, StatisticsDelta>()
  for (const { kind, type, typeKind, bytes } of records) {
    add(sums, kind, kind === 'type' ? `${typeKind}:${type}` : type, 1, bytes)
  }
  if (isLast) add(sums, 'event', '', seq, 0)
  return [...sums.values()]
}

/** They count as events, and as nothing else: an erasure leaves as many records as there were. */
const CHANGES_NO_RECORD: ReadonlySet<string> = new Set(['cache.purged', 'record.erased'])

/** What a run of events adds, one delta for each kind and type. Throws for an event that lacks what it changed. */
export function statisticsOf(events: readonly SizedEvent[]): StatisticsDelta[] {
  const sums = new Map<string, StatisticsDelta>()
  for (const event of events) {
    add(sums, 'event', '', 1, event.logBytes)
    if (CHANGES_NO_RECORD.has(event.kind)) continue
    const { kind, type } = subjectOf(event)
    const { beforeBytes: before, afterBytes: after } = event
    const count = Number(after !== null) - Number(before !== null)
    add(sums, kind, type, count, (after ?? 0) - (before ?? 0))
  }
  return [...sums.values()]
}

export function activityOf(events: readonly SizedEvent[]): ActivityDelta[] {
  const sums = new Map<string, ActivityDelta>()
  for (const { at, kind } of events) {
    const hour = `${at.slice(0, 13)}:00:00Z`
    const key = `${hour} ${kind}`
    sums.set(key, { hour, kind, count: (sums.get(key)?.count ?? 0) + 1 })
  }
  return [...sums.values()]
}

function subjectOf(event: SizedEvent): Pick<StatisticsDelta, 'kind' | 'type'> {
  const [kind] = event.kind.split('.')
  const type = event.type
  if (type === null) throw new PermanentFailure(`event ${event.seq} names no type`)
  if (event.beforeBytes === null && event.afterBytes === null) {
    throw new PermanentFailure(`event ${event.seq} does not say what it has changed`)
  }
  if (kind === 'entity' || kind === 'relationship') return { kind, type }
  // Types of entities and of relationships may have the same name.
  return { kind: 'type', type: `${event.typeKind}:${type}` }
}

function add(
  sums: Map<string, StatisticsDelta>,
  kind: StatisticsDelta['kind'],
  type: string,
  count: number,
  bytes: number,
): void {
  const key = `${kind} ${type}`
  const sum = sums.get(key) ?? { kind, type, count: 0, bytes: 0 }
  sums.set(key, { kind, type, count: sum.count + count, bytes: sum.bytes + bytes })
}
