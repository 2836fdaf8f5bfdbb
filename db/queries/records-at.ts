import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import type { Database } from '../client.ts'
import {
  ENTITY_COLUMNS,
  EVENT_COLUMNS,
  entityFromImage,
  RELATIONSHIP_COLUMNS,
  relationshipFromImage,
  toEntity,
  toRelationship,
} from './rows.ts'
import { inGraph, inList, readGraph } from './snapshot.ts'

/** What records of a graph are asked for: entities by id, relationships by `created_seq`. */
export type RecordNames = {
  readonly ids: readonly string[]
  readonly createdSeqs: readonly number[]
}

/** Records as they were at one seq. */
export type RecordsAt = {
  readonly historyId: string
  readonly entities: ReadonlyMap<string, Entity>
  readonly relationships: ReadonlyMap<number, Relationship>
}

/**
 * Records as they were at `seq`, in one snapshot: from their tables those that have not changed since,
 * and of the others what the first later event says they were before. Those that did not exist then,
 * or of which the log no longer tells or is erased, are missing.
 */
export async function recordsAt(
  shard: Database,
  graph: GraphAddress,
  seq: number,
  { ids, createdSeqs }: RecordNames,
): Promise<RecordsAt> {
  const seqs = sql`(select value::bigint from jsonb_array_elements_text(
    ${JSON.stringify(createdSeqs)}::jsonb) as value)`
  const firstLater = (subjects: ReturnType<typeof sql>, kind: string) =>
    sql`select distinct on (v.subject_id) ${EVENT_COLUMNS} from events v
      where ${inGraph(graph, 'v')} and v.seq > ${seq}::bigint and starts_with(v.kind, ${kind})
        and v.subject_id in ${subjects} order by v.subject_id, v.seq`
  const { results, historyId } = await readGraph(shard, graph, [
    sql`select ${ENTITY_COLUMNS} from entities e where ${inGraph(graph, 'e')}
      and e.id in ${inList(ids, 'uuid')} and e.version <= ${seq}::bigint`,
    sql`select * from (${firstLater(inList(ids, 'uuid'), 'entity.')}) v where before is not null
      and before -> 'erased_bytes' is null`,
    sql`select created_seq, ${RELATIONSHIP_COLUMNS} from relationships r
      where ${inGraph(graph, 'r')} and r.created_seq in ${seqs} and r.version <= ${seq}::bigint`,
    sql`select c.seq as created_seq, v.* from events c
      join (${firstLater(
        sql`(select o.subject_id from events o where ${inGraph(graph, 'o')} and o.seq in ${seqs})`,
        'relationship.',
      )}) v on v.subject_id = c.subject_id and v.before is not null
        and v.before -> 'erased_bytes' is null
      where ${inGraph(graph, 'c')} and c.seq in ${seqs} and c.kind = 'relationship.created'`,
  ])
  const [entities = [], changedEntities = [], relationships = [], changedRelationships = []] =
    results
  return {
    historyId,
    entities: new Map(
      [
        ...entities.map(toEntity),
        ...changedEntities.map((row) => entityFromImage(row, 'before')),
      ].map((entity) => [entity.id, entity]),
    ),
    relationships: new Map<number, Relationship>([
      ...relationships.map((row) => [row.created_seq as number, toRelationship(row)] as const),
      ...changedRelationships.map(
        (row) => [row.created_seq as number, relationshipFromImage(row, 'before')] as const,
      ),
    ]),
  }
}
