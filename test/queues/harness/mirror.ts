import { sql } from 'drizzle-orm'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { LogEvent } from '../../../core/log/parse-event.ts'
import type { Consumer, ImagedRecord } from '../../../queues/consumer.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'

/** Tables that refuse an event, and a record of a seed, that comes twice. */
export async function createMirror({ owner }: MigratedDatabase): Promise<void> {
  await owner.query(`create table mirror (graph_id uuid, generation bigint, key text, image jsonb,
    primary key (graph_id, generation, key))`)
  await owner.query(`create table mirror_events (graph_id uuid, generation bigint, seq bigint,
    primary key (graph_id, generation, seq))`)
  await owner.query('grant select, insert, update, delete on mirror, mirror_events to tendril_app')
}

/** Keeps a copy of every record and type: what a seed leaves out, doubles or has wrong is there to be seen. */
export function mirror(pageEvents: number): Consumer {
  return {
    name: 'mirror',
    pageEvents,
    reads: 'images',
    projection: {
      keepOnly: (graph, generations) =>
        ['mirror', 'mirror_events'].map(
          (table) => sql`delete from ${sql.raw(table)} where graph_id = ${graph.graphId}::uuid
            and generation not in (select jsonb_array_elements_text(
              ${JSON.stringify(generations)}::jsonb)::bigint)`,
        ),
      discard: (graph, generation) =>
        ['mirror', 'mirror_events'].map(
          (table) => sql`delete from ${sql.raw(table)} where graph_id = ${graph.graphId}::uuid
            and generation = ${generation}::bigint`,
        ),
    },
    effect: ({ graph, generation }, events) => [
      sql`insert into mirror_events select ${graph.graphId}::uuid, ${generation}::bigint,
        jsonb_array_elements_text(${JSON.stringify(events.map(({ seq }) => seq))}::jsonb)::bigint`,
      ...change(graph, generation, events),
    ],
    seed: {
      effect: ({ graph, generation }, { records }) => [
        sql`insert into mirror select ${graph.graphId}::uuid, ${generation}::bigint, r.key, r.image
          from jsonb_to_recordset(${JSON.stringify(records.map((each) => ({ key: keyOf(each), image: each.image })))}::jsonb)
            as r(key text, image jsonb)`,
      ],
    },
  }
}

function change(graph: GraphAddress, generation: number, events: readonly LogEvent[]) {
  const last = new Map<string, unknown>()
  for (const event of events) {
    const [kind] = event.kind.split('.')
    const { subjectId: id, type, fromId, toId, before, after } = event
    if (kind !== 'entity' && kind !== 'relationship' && kind !== 'type') continue
    last.set(keyOf({ kind, id, type: type ?? '', fromId, toId, image: after ?? before }), after)
  }
  const rows = [...last].map(([key, image]) => ({ key, image }))
  return [
    sql`with r as materialized (
        select * from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(key text, image jsonb)
      ), gone as (
        delete from mirror m using r where m.graph_id = ${graph.graphId}::uuid
          and m.generation = ${generation}::bigint and m.key = r.key and r.image is null
      )
      insert into mirror select ${graph.graphId}::uuid, ${generation}::bigint, r.key, r.image
      from r where r.image is not null
      on conflict (graph_id, generation, key) do update set image = excluded.image`,
  ]
}

function keyOf({ kind, id, type, fromId, toId, image }: ImagedRecord): string {
  if (kind === 'type') return `type ${(image as { kind: string }).kind} ${type}`
  return [kind, id, type, ...(fromId ? [fromId, toId] : [])].join(' ')
}

/** What the tables hold, and what the mirror does of the generation that is read. */
export async function mirrorAndTruth({ owner }: MigratedDatabase, graphId: string) {
  const text = async (query: string): Promise<string[]> =>
    (await owner.query<{ line: string }>(query, [graphId])).rows.map(({ line }) => line)
  return {
    mirrored: await text(`select key || ' ' || (image ->> 'version') || ' '
          || coalesce(image ->> 'name', '') || (coalesce(image -> 'properties', image -> 'json_schema'))::text
          || coalesce(image ->> 'external_id', '') || coalesce(image ->> 'location', '') as line
        from mirror m join checkpoints c on c.graph_id = m.graph_id and c.consumer = 'mirror'
          and c.generation = m.generation where m.graph_id = $1 order by key collate "C"`),
    truth: await text(`select key || ' ' || version || ' ' || coalesce(name, '') || content::text
          || coalesce(external_id, '') || coalesce(location, '') as line from (
        select 'entity ' || id || ' ' || type as key, version, name, properties as content, external_id,
          case when latitude is not null then
            jsonb_build_object('lat', latitude, 'lon', longitude)::text end as location
          from entities where graph_id = $1
        union all
        select 'relationship ' || id || ' ' || type || ' ' || from_id || ' ' || to_id, version, null,
          properties, external_id, null from relationships where graph_id = $1
        union all
        select 'type ' || kind || ' ' || name, version, null, json_schema, null, null
          from types where graph_id = $1) r order by key collate "C"`),
    events: (
      await text(`select m.seq::text as line from mirror_events m join checkpoints c
        on c.graph_id = m.graph_id and c.consumer = 'mirror' and c.generation = m.generation
        where m.graph_id = $1 order by m.seq`)
    ).map(Number),
  }
}
