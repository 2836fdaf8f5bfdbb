import type { MigratedDatabase } from '../../harness/databases.ts'

export type Counted = {
  readonly kind: string
  readonly type: string
  readonly count: number
  readonly bytes: number
}

/** What the tables hold, counted anew. */
export async function countedAnew(
  { owner }: MigratedDatabase,
  graphId: string,
): Promise<Counted[]> {
  const bytes = (name: string) =>
    `sum(octet_length(properties::text) + ${name} + coalesce(octet_length(external_id), 0))::int`
  const { rows } = await owner.query<Counted>(
    `select 'entity' as kind, type, count(*)::int as count,
        ${bytes('coalesce(octet_length(name), 0)')} as bytes
      from entities where graph_id = $1 group by type
    union all
    select 'relationship', type, count(*)::int, ${bytes('0')}
      from relationships where graph_id = $1 group by type
    union all
    select 'event', '', count(*)::int, sum(coalesce(pg_column_size(before), 0) + coalesce(pg_column_size(after), 0))::int
      from events where graph_id = $1
    order by kind, type`,
    [graphId],
  )
  return rows
}

/** What the consumer has counted: of the generation that is read. */
export async function countedByConsumer(
  { owner }: MigratedDatabase,
  graphId: string,
): Promise<Counted[]> {
  const { rows } = await owner.query<Counted>(
    `select s.kind, s.type, s.count::int, s.bytes::int from graph_statistics s
      join checkpoints c on c.graph_id = s.graph_id and c.consumer = 'statistics'
        and c.generation = s.generation
      where s.graph_id = $1 and (s.count <> 0 or s.bytes <> 0) order by s.kind, s.type`,
    [graphId],
  )
  return rows
}

export type Hour = { readonly hour: string; readonly kind: string; readonly count: number }

export async function activityAnew({ owner }: MigratedDatabase, graphId: string): Promise<Hour[]> {
  const { rows } = await owner.query<Hour>(
    `select date_trunc('hour', at) as hour, kind, count(*)::int as count from events
      where graph_id = $1 group by 1, 2 order by 1, 2`,
    [graphId],
  )
  return rows
}

export async function activityByConsumer(
  { owner }: MigratedDatabase,
  graphId: string,
): Promise<Hour[]> {
  const { rows } = await owner.query<Hour>(
    `select a.hour, a.kind, a.count::int from graph_activity a
      join checkpoints c on c.graph_id = a.graph_id and c.consumer = 'statistics'
        and c.generation = a.generation
      where a.graph_id = $1 order by 1, 2`,
    [graphId],
  )
  return rows
}
