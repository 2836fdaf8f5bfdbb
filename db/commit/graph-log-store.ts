import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import type { Database } from '../client.ts'
import { FENCE_REFUSED, type Fence, type LogStore, RECENT_EVENTS } from '../log-store.ts'
import { parseCommitted, parseOpened } from './answers.ts'
import { eraseStatement } from './erase-statement.ts'
import { commitPayload } from './payload.ts'
import { purgeStatement } from './purge-statement.ts'
import { commitStatement } from './statement.ts'
import { typeStatement } from './type-statement.ts'

/** A graph's log on its shard. */
export function graphLogStore(shard: Database, log: GraphAddress): LogStore<GraphRequest> {
  return {
    async open(commitIds) {
      const rows = await shard.batch(log.tenantId, openStatements(log, commitIds))
      return parseOpened(rows)
    },
    async commit(fence, group) {
      const statement = statementOf(log, group)
      const rows = await shard.batch(log.tenantId, [fenceStatement(log, fence), statement])
      return parseCommitted(rows)
    },
  }
}

/** Throws a `TypeError` for a group that cannot be: what changes types goes alone (C4). */
function statementOf(log: GraphAddress, group: readonly GraphRequest[]): SQL {
  const purge = group.find((request) => request.purge !== undefined)
  if (purge && group.length > 1) throw new TypeError('a request that purges goes alone')
  if (purge) return purgeStatement(log, purge)
  const erasing = group.find((request) => request.erase !== undefined)
  if (erasing && group.length > 1) throw new TypeError('a request that erases goes alone')
  if (erasing?.erase) return eraseStatement(log, erasing, erasing.erase)
  const change = group.find(({ types }) => types.length > 0)
  if (!change) return commitStatement(log, commitPayload(group))
  if (group.length > 1) throw new TypeError('a request that changes types goes alone')
  return typeStatement(log, change)
}

/** Raises the term first: its row lock waits for any commit in flight, which the rest then sees. */
function openStatements(log: GraphAddress, commitIds: readonly string[]): SQL[] {
  const mine = sql`tenant_id = ${log.tenantId}::uuid and graph_id = ${log.graphId}::uuid`
  return [
    sql`update graphs set term = term + 1
      where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid
        and epoch = ${log.epoch}::bigint and deleted_at is null
      returning seq, epoch, term, history_id`,
    sql`select commit_id, fingerprint, answer from commits
      where ${mine} and commit_id in (select jsonb_array_elements_text(${JSON.stringify(commitIds)}::jsonb))`,
    sql`select seq, kind, subject_id, type, from_id, to_id, external_id from events
      where ${mine} order by seq desc limit ${RECENT_EVENTS}`,
  ]
}

/** Locks the graph's row until the end of the batch and raises unless it is as expected (C1). */
function fenceStatement(log: GraphAddress, fence: Fence): SQL {
  return sql`with locked as (
      select seq, epoch, term from graphs
      where tenant_id = ${log.tenantId}::uuid and id = ${log.graphId}::uuid and deleted_at is null
      for update
    )
    select case when exists (
      select from locked where seq = ${fence.seq}::bigint and epoch = ${fence.epoch}::bigint
        and term = ${fence.term}::bigint
    ) then true else tendril_raise(${FENCE_REFUSED}, 'the log has moved on') end as ok`
}
