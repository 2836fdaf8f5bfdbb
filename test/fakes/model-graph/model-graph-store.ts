import type { EventHeader } from '../../../core/log/events.ts'
import type { GraphRequest } from '../../../core/log/requests.ts'
import { DatabaseError } from '../../../db/client.ts'
import { FENCE_REFUSED, type LogStore, RECENT_EVENTS } from '../../../db/log-store.ts'
import type { StoredEvent } from '../../harness/graph-log/contents.ts'
import { changeTypes } from './change-types.ts'
import { commitGroup } from './commit-group.ts'
import type { ModelGraph } from './model-graph.ts'

export type ModelStoreOptions = {
  readonly tenantId: string
  readonly epoch: number
  /** Milliseconds since the Unix epoch. */
  readonly now: () => number
  /** How many of the newest events an opening gives. */
  readonly recentEvents?: number
}

/** The graph's log as PostgreSQL keeps it, with the same verdicts; each call is one transaction. */
export function modelGraphStore(
  graph: ModelGraph,
  { tenantId, epoch, now, recentEvents = RECENT_EVENTS }: ModelStoreOptions,
): LogStore<GraphRequest> {
  const { row } = graph
  const isMine = () => graph.tenantId === tenantId && !row.isDeleted
  return {
    async open(commitIds) {
      if (!isMine() || row.epoch !== epoch) return null
      row.term += 1
      const known = commitIds.flatMap((commitId) => {
        const commit = graph.commits.get(commitId)
        const { fingerprint, answer } = commit ?? {}
        return fingerprint === undefined || !answer
          ? []
          : [[commitId, { fingerprint, answer }] as const]
      })
      return {
        fence: { seq: row.seq, epoch: row.epoch, term: row.term },
        historyId: row.historyId,
        known: new Map(known),
        recent: graph.events.slice(-recentEvents).map(headerOf),
      }
    },
    async commit(fence, group) {
      const change = group.find(({ types }) => types.length > 0)
      if (change && group.length > 1) throw new TypeError('a request that changes types goes alone')
      const { seq, term } = row
      const passes = fence.seq === seq && fence.epoch === row.epoch && fence.term === term
      if (!isMine() || !passes) throw fenceRefused()
      const at = new Date(now()).toISOString()
      const before = graph.events.length
      const answers = change ? [changeTypes(graph, change, at)] : commitGroup(graph, group, at)
      return { seq: row.seq, answers, events: graph.events.slice(before).map(headerOf) }
    },
  }
}

function fenceRefused(): DatabaseError {
  const options = { certain: true, sqlState: FENCE_REFUSED, cause: null }
  return new DatabaseError('the log has moved on', options)
}

function headerOf(event: StoredEvent): EventHeader {
  return {
    seq: event.seq,
    kind: event.kind,
    subjectId: event.subject_id,
    type: event.type,
    fromId: event.from_id,
    toId: event.to_id,
    externalId: event.external_id,
  }
}
