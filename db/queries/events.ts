import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Change, Entity, Relationship } from '../../core/log/records.ts'
import type { Database, Row } from '../client.ts'
import { parseStoredAnswer } from '../commit/answers.ts'
import type { StoredAnswer } from '../log-store.ts'
import type { ReadAt } from './entities.ts'
import {
  ENTITY_COLUMNS,
  EVENT_COLUMNS,
  entityFromImage,
  isErased,
  relationshipFromImage,
  toChange,
  toEntity,
} from './rows.ts'
import { inGraph, inList, readGraph } from './snapshot.ts'

/** The log after `after`, oldest first; `floorSeq` is the last seq that is no longer kept. */
export async function listChanges(
  shard: Database,
  graph: GraphAddress,
  after: number,
  limit: number,
): Promise<ReadAt<Change[]> & { floorSeq: number }> {
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${EVENT_COLUMNS} from events v where ${inGraph(graph, 'v')} and v.seq > ${after}::bigint
      order by v.seq limit ${limit}`,
  ])
  return { value: (results[0] ?? []).map(toChange), ...at }
}

/** An entity as it was at `seq`: `null` when it did not exist then, or all about it is erased. */
export async function entityAsOf(
  shard: Database,
  graph: GraphAddress,
  id: string,
  seq: number,
): Promise<ReadAt<Entity | null> & { floorSeq: number; wasErased: boolean }> {
  const ofEntity = sql`${inGraph(graph, 'v')} and v.subject_id = ${id}::uuid
    and v.kind in ('entity.created', 'entity.updated', 'entity.deleted')`
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${EVENT_COLUMNS} from events v where ${ofEntity} and v.seq <= ${seq}::bigint
      order by v.seq desc limit 1`,
    sql`select ${EVENT_COLUMNS} from events v where ${ofEntity} and v.seq > ${seq}::bigint
      order by v.seq limit 1`,
    sql`select ${ENTITY_COLUMNS} from entities e where ${inGraph(graph, 'e')} and e.id = ${id}::uuid`,
  ])
  const [[last] = [], [next] = [], [current] = []] = results
  const as = (value: Entity | null) => ({ value, ...at, wasErased: false })
  const from = (event: Row, which: 'before' | 'after') =>
    isErased(event) ? { value: null, ...at, wasErased: true } : as(entityFromImage(event, which))
  if (last) return last.kind === 'entity.deleted' ? as(null) : from(last, 'after')
  // Its last change before is no longer kept: what came after tells, or it still is as it was.
  if (next) return next.kind === 'entity.created' ? as(null) : from(next, 'before')
  return as(current ? toEntity(current) : null)
}

/** Records as the given versions left them, for answers that are given again; erased ones are missing. */
export async function recordsAtVersions(
  shard: Database,
  graph: GraphAddress,
  versions: readonly number[],
): Promise<(Entity | Relationship)[]> {
  const { results } = await readGraph(shard, graph, [
    sql`select ${EVENT_COLUMNS} from events v where ${inGraph(graph, 'v')}
      and v.seq in (select value::bigint from jsonb_array_elements_text(${JSON.stringify(versions)}::jsonb) as value)
      and v.after is not null and v.after -> 'erased_bytes' is null`,
  ])
  return (results[0] ?? []).map((row: Row) =>
    String(row.kind).startsWith('entity.')
      ? entityFromImage(row, 'after')
      : relationshipFromImage(row, 'after'),
  )
}

/** The answer given to a commit id before; `null` when there was none. */
export async function findAnswer(
  shard: Database,
  graph: GraphAddress,
  commitId: string,
): Promise<StoredAnswer | null> {
  const { results } = await readGraph(shard, graph, [
    sql`select commit_id, fingerprint, answer from commits c
      where ${inGraph(graph, 'c')} and c.commit_id in ${inList([commitId], 'text')}`,
  ])
  const row = results[0]?.[0]
  return row ? parseStoredAnswer(row) : null
}
