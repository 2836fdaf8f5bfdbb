import { eraseRest } from '../../../db/commit/erase-statement.ts'
import {
  content,
  createEntity,
  defineType,
  remove,
  typeState,
  update,
} from '../../contracts/graph-log-store/requests.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'
import type { GraphWriter } from './graph-writer.ts'

/** Writes of every kind, at random: also types, changed relationships, erasures and ids used again. */
export async function writeOn(
  shard: MigratedDatabase,
  writer: GraphWriter,
  random: () => number,
  events: number,
): Promise<void> {
  const end = writer.head + events
  while (writer.head < end) {
    const roll = random()
    if (roll < 0.5) await writer.write(1 + Math.floor(random() * 12))
    else if (roll < 0.65) await changeRelationships(shard, writer, random)
    else if (roll < 0.8) await changeTypes(shard, writer, random)
    else if (roll < 0.9) await erase(shard, writer)
    else await useAgain(writer)
  }
}

async function changeRelationships(
  { owner }: MigratedDatabase,
  writer: GraphWriter,
  random: () => number,
): Promise<void> {
  const { rows } = await owner.query<{ id: string; version: string }>(
    'select id, version from relationships where graph_id = $1 order by id desc limit 3',
    [writer.graph.graphId],
  )
  if (rows.length === 0) return
  await writer.commit({
    relationships: rows.map(({ id, version }, op) =>
      random() < 0.3
        ? remove({ id }, null, op)
        : update({ id }, Number(version), { properties: { again: 'ß'.repeat(op + 1) } }, op),
    ),
  })
}

async function changeTypes(
  { owner }: MigratedDatabase,
  writer: GraphWriter,
  random: () => number,
): Promise<void> {
  const kind = random() < 0.5 ? 'entity' : 'relationship'
  const name = `defined${Math.floor(random() * 6)}`
  const { rowCount } = await owner.query(
    'select from types where graph_id = $1 and kind = $2 and name = $3',
    [writer.graph.graphId, kind, name],
  )
  const after =
    rowCount && random() < 0.4
      ? null
      : typeState({ json_schema: { description: 'd'.repeat(1 + Math.floor(random() * 20)) } })
  const event = after === null ? 'type.removed' : rowCount ? 'type.changed' : 'type.defined'
  await writer.commit({ types: [defineType(name, { kind, after, event })] })
}

async function erase({ owner, database }: MigratedDatabase, writer: GraphWriter): Promise<void> {
  const { rows } = await owner.query<{ id: string }>(
    `select v.subject_id as id from events v where v.graph_id = $1 and v.kind = 'entity.deleted'
        and not exists (select from entities e where e.graph_id = $1 and e.id = v.subject_id)
      order by v.seq desc limit 1`,
    [writer.graph.graphId],
  )
  const [gone] = rows
  if (!gone) return
  await writer.commit({ erase: { refs: [{ op: 0, id: gone.id }], reason: null } })
  await eraseRest(database, writer.graph, { seq: writer.head, ids: [gone.id] })
}

/** An entity that is deleted and comes to be again, as something else. */
async function useAgain(writer: GraphWriter): Promise<void> {
  const [made] = await writer.commit({
    entities: [createEntity({ type: 'first', externalId: null, content: content({ name: 'é' }) })],
  })
  const id = made && 'id' in made ? made.id : ''
  await writer.commit({ entities: [remove({ id })] })
  await writer.commit({ entities: [createEntity({ id, type: 'second' })] })
}

/** Makes the first events of a graph as old as those months; each goes up to a seq. */
export async function age(
  { owner }: MigratedDatabase,
  { graph }: GraphWriter,
  months: readonly { readonly month: string; readonly upTo: number }[],
): Promise<void> {
  let after = 0
  for (const { month, upTo } of months) {
    await owner.query('select tendril_add_event_partitions($1::timestamptz, 1)', [
      `${month}-01T00:00:00Z`,
    ])
    await owner.query(
      `update events set at = $4::timestamptz + seq * interval '1 minute'
        where graph_id = $1 and seq > $2 and seq <= $3`,
      [graph.graphId, after, upTo, `${month}-05T00:00:00Z`],
    )
    after = upTo
  }
}

/** Does to one graph what dropping a month does. */
export async function dropUpTo(
  { owner }: MigratedDatabase,
  { graph }: GraphWriter,
  seq: number,
): Promise<void> {
  await owner.query(
    `with gone as (delete from events where graph_id = $1 and seq <= $2)
      update graphs set floor_seq = $2 where id = $1 and floor_seq < $2`,
    [graph.graphId, seq],
  )
}
