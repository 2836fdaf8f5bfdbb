import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import type { Database } from '../client.ts'
import {
  ENTITY_COLUMNS,
  entityFromImage,
  RELATIONSHIP_COLUMNS,
  relationshipFromImage,
  toEntity,
  toRelationship,
} from './rows.ts'
import { inGraph, readGraph } from './snapshot.ts'

/** The graph's head now: what an export is taken at. */
export async function headOf(
  shard: Database,
  graph: GraphAddress,
): Promise<{ readonly seq: number; readonly historyId: string }> {
  return readGraph(shard, graph, [])
}

/**
 * Records of one kind as they were at `seq`, by id, after `after`. What has not changed since is read
 * from its table; what has, from the first later event, whose `before` is the record at `seq`. So
 * pages read one after the other add up to the graph at one seq, whatever is written meanwhile; only what
 * is erased meanwhile is left out.
 */
export async function exportPage(
  shard: Database,
  graph: GraphAddress,
  kind: Kind,
  at: { readonly seq: number; readonly after: string; readonly limit: number },
): Promise<(Entity | Relationship)[]> {
  const isEntity = kind === 'entity'
  const table = sql.raw(isEntity ? 'entities' : 'relationships')
  const columns = isEntity ? ENTITY_COLUMNS : RELATIONSHIP_COLUMNS
  const { results } = await readGraph(shard, graph, [
    sql`select ${columns} from ${table} r where ${inGraph(graph, 'r')}
      and r.id > ${at.after}::uuid and r.version <= ${at.seq}::bigint
      order by r.id limit ${at.limit}`,
    sql`select * from (
        select distinct on (subject_id) seq, at, kind, subject_id, type, external_id, from_id, to_id,
          actor, request_id, before, after
        from events v where ${inGraph(graph, 'v')} and v.seq > ${at.seq}::bigint
          and v.subject_id > ${at.after}::uuid and starts_with(v.kind, ${`${kind}.`})
        order by subject_id, seq
      ) changed where before is not null and before -> 'erased_bytes' is null
      order by subject_id limit ${at.limit}`,
  ])
  const [current = [], changed = []] = results
  const records = [
    ...current.map((row) => (isEntity ? toEntity(row) : toRelationship(row))),
    ...changed.map((row) =>
      isEntity ? entityFromImage(row, 'before') : relationshipFromImage(row, 'before'),
    ),
  ]
  return records.sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, at.limit)
}
