import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Database, Row } from '../client.ts'
import { EVENT_FIELDS, eventColumns, graphHead, type Reads, toHead } from './checkpoints.ts'
import { inGraph } from './snapshot.ts'

/** The parts of a seed, in their order. */
export type SeedKind = 'entity' | 'relationship' | 'type'

/** How far a seed is: what a graph held just before the oldest event that is kept. */
export type SeedPlace = {
  /** Records are taken as they were at this seq: the floor of the log when the seed began. */
  readonly seq: number
  readonly kind: SeedKind
  /** Key of the last record that was taken; `null` before the first of its kind. */
  readonly after: string | null
}

/** Records of one kind, as they were at the seq of the seed. */
export type SeedRows = {
  readonly kind: SeedKind
  /** Those that have not changed since, from their table. */
  readonly present: readonly Row[]
  /** Of the others the first later event, whose `before` is the record. */
  readonly changed: readonly Row[]
  /** Where the next page begins; `null`: this one is the last. */
  readonly next: SeedPlace | null
}

export function beginSeed(seq: number): SeedPlace {
  return { seq, kind: 'entity', after: null }
}

/**
 * A page of a seed. Looks at no more than `limit` records and `limit` events, so it may hold few
 * records, or none. `null`: the graph is gone from this place, has another history, or its log
 * another floor. A month that is dropped while this reads may be missing already, though the floor is
 * still seen where it was: so a seed counts for nothing until the floor is found unmoved after it.
 */
export async function readSeedPage(
  shard: Database,
  graph: GraphAddress,
  historyId: string,
  reads: Reads,
  place: SeedPlace,
  limit: number,
): Promise<SeedRows | null> {
  const [heads, , records = [], events = []] = await shard.batch(
    graph.tenantId,
    [
      graphHead(graph),
      // A graph that is newer than the statistics counts as small: the planner would rather read all that
      // is left of it and sort that, for each page, than follow the index that is in order. Before
      // PostgreSQL 18 what is off counts as so dear that it would compile each page, for seconds.
      sql`select set_config('enable_sort', 'off', true), set_config('jit', 'off', true)`,
      recordsAfter(graph, reads, place, limit),
      place.kind === 'type'
        ? typeEventsAfter(graph, reads, place, limit)
        : recordEventsAfter(graph, reads, place, limit),
    ],
    { mode: 'snapshot' },
  )
  const head = heads?.[0] ? toHead(heads[0]) : null
  if (head?.historyId !== historyId || head.floorSeq !== place.seq) return null
  const edges = [
    ...(records.length === limit ? [records.at(-1)?.key as string] : []),
    ...(events[0] && events[0].edge !== null ? [events[0].edge as string] : []),
  ].sort()
  const edge = edges[0] ?? null
  const isWithin = ({ key }: Row): boolean => edge === null || (key as string) <= edge
  return {
    kind: place.kind,
    present: records.filter((row) => (row.version as number) <= place.seq && isWithin(row)),
    changed: events.filter((row) => row.had_before === true && isWithin(row)),
    next: edge === null ? nextKind(place) : { ...place, after: edge },
  }
}

function nextKind({ seq, kind }: SeedPlace): SeedPlace | null {
  if (kind === 'type') return null
  return { seq, kind: kind === 'entity' ? 'relationship' : 'type', after: null }
}

/** Their order and that of JavaScript's strings are the same. */
const TYPE_KEY = sql`(r.kind || ':' || r.name) collate "C"`

/** UTF-8 bytes of what a client has put into it, as consumers are told of images. */
const BYTES: Readonly<Record<SeedKind, SQL>> = {
  entity: sql`octet_length(r.properties::text) + coalesce(octet_length(r.name), 0)
    + coalesce(octet_length(r.external_id), 0)`,
  relationship: sql`octet_length(r.properties::text) + coalesce(octet_length(r.external_id), 0)`,
  type: sql`octet_length(r.json_schema::text)`,
}

/** In the newest form of the events that leave a record so. */
const IMAGES: Readonly<Record<SeedKind, SQL>> = {
  entity: sql`jsonb_build_object('version', r.version, 'external_id', r.external_id, 'name', r.name,
    'location', case when r.latitude is not null then
      jsonb_build_object('lat', r.latitude, 'lon', r.longitude) end,
    'properties', r.properties, 'created_at', r.created_at, 'updated_at', r.updated_at)`,
  relationship: sql`jsonb_build_object('version', r.version, 'external_id', r.external_id, 'name', null,
    'location', null, 'properties', r.properties, 'created_at', r.created_at,
    'updated_at', r.updated_at)`,
  type: sql`jsonb_build_object('kind', r.kind, 'version', r.version, 'json_schema', r.json_schema,
    'change', r.change, 'indexes', r.indexes, 'created_at', r.created_at, 'updated_at', r.updated_at)`,
}

/** The next records of the table by key, also those that were changed after the seed's seq. */
function recordsAfter(
  graph: GraphAddress,
  reads: Reads,
  { seq, kind, after }: SeedPlace,
  limit: number,
): SQL {
  const table = sql.raw({ entity: 'entities', relationship: 'relationships', type: 'types' }[kind])
  const content = reads === 'images' ? sql`${IMAGES[kind]} as image` : sql`${BYTES[kind]} as bytes`
  const [names, key] =
    kind === 'type'
      ? [sql`null as id, r.name as type, r.kind as type_kind`, TYPE_KEY]
      : [sql`r.id, r.type, null as type_kind`, sql`r.id`]
  const ends =
    kind === 'relationship' ? sql`r.from_id, r.to_id` : sql`null as from_id, null as to_id`
  return sql`select ${names}, ${key} as key, ${ends}, r.version, p.* from (
      select * from ${table} r where ${inGraph(graph, 'r')} ${beyond(key, kind, after)}
      order by ${key} limit ${limit}
    ) r left join lateral (select ${content} where r.version <= ${seq}::bigint) p on true
    order by ${key}`
}

function beyond(key: SQL, kind: SeedKind, after: string | null): SQL {
  if (after === null) return sql``
  return kind === 'type' ? sql`and ${key} > ${after}` : sql`and ${key} > ${after}::uuid`
}

/**
 * Of the next `limit` events by subject, each subject's first of that kind, and as `edge` the last
 * subject where there may be more. Of that one the first is looked up, since an entity and a relationship
 * may have the same id. At least one row.
 */
function recordEventsAfter(
  graph: GraphAddress,
  reads: Reads,
  { seq, kind, after }: SeedPlace,
  limit: number,
): SQL {
  const mine = sql`${inGraph(graph, 'v')} and v.seq > ${seq}::bigint`
  const ofKind = sql`starts_with(v.kind, ${`${kind}.`})`
  return sql`with later as materialized (
      select ${EVENT_FIELDS} from events v where ${mine} and v.subject_id is not null
        ${beyond(sql`v.subject_id`, kind, after)}
      order by v.subject_id, v.seq limit ${limit}
    ), edge as (
      select (select subject_id from later order by subject_id, seq offset ${limit - 1}) as id
    ), first as (
      (select distinct on (v.subject_id) ${EVENT_FIELDS} from later v, edge
        where ${ofKind} and v.subject_id is distinct from edge.id
        order by v.subject_id, v.seq)
      union all
      (select ${EVENT_FIELDS} from events v
        where ${mine} and v.subject_id = (select id from edge) and ${ofKind}
        order by v.subject_id, v.seq limit 1)
    )
    select edge.id as edge, v.subject_id as key, v.before is not null as had_before,
      ${eventColumns(reads)}
    from edge left join first v on true order by v.subject_id`
}

/** The same of types: as events without a subject, of which there are few. */
function typeEventsAfter(
  graph: GraphAddress,
  reads: Reads,
  { seq, kind, after }: SeedPlace,
  limit: number,
): SQL {
  return sql`with first as materialized (
      select distinct on (key) * from (
        select ${EVENT_FIELDS},
          ((coalesce(v.after, v.before) ->> 'kind') || ':' || v.type) collate "C" as key
        from events v where ${inGraph(graph, 'v')} and v.subject_id is null
          and v.seq > ${seq}::bigint and starts_with(v.kind, 'type.')
      ) r where true ${beyond(sql`r.key`, kind, after)} order by key, seq limit ${limit}
    ), edge as (select (select key from first order by key offset ${limit - 1}) as key)
    select edge.key as edge, v.key, v.before is not null as had_before, ${eventColumns(reads)}
    from edge left join first v on true order by v.key`
}
