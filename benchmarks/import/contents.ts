import pg from 'pg'

/** What a load has left behind, without what has to differ: ids, seqs and times. */
export type Contents = Readonly<Record<string, string>>

const QUERIES: Readonly<Record<string, string>> = {
  entities: `select count(*) || ' ' || md5(string_agg(md5(
      (type, external_id, name, name_key, latitude, longitude, properties)::text), ''
      order by external_id)) as value from entities`,
  relationships: `select count(*) || ' ' || md5(string_agg(md5(
      (r.type, r.external_id, f.external_id, t.external_id, r.properties)::text), ''
      order by r.external_id)) as value
    from relationships r
    join entities f on f.graph_id = r.graph_id and f.id = r.from_id
    join entities t on t.graph_id = r.graph_id and t.id = r.to_id`,
  events: `select count(*) || ' ' || md5(string_agg(md5(
      (v.kind, v.type, v.external_id, f.external_id, t.external_id, v.before,
        v.after - array['version', 'created_at', 'updated_at'])::text), ''
      order by v.kind, v.external_id)) as value
    from events v
    left join entities f on f.graph_id = v.graph_id and f.id = v.from_id
    left join entities t on t.graph_id = v.graph_id and t.id = v.to_id`,
  'events that are their record': `select count(*)::text as value from events v
    join (
      select id, version, created_at from entities
      union all select id, version, created_at from relationships where version = created_seq
    ) r on r.id = v.subject_id and r.version = v.seq and r.created_at = v.at
      and (v.after ->> 'version')::bigint = v.seq
      and (v.after ->> 'created_at')::timestamptz = v.at`,
  'seqs and head': `select concat_ws(' ', min(seq), max(seq), count(distinct seq),
    (select max(seq) from graphs)) as value from events`,
  'results kept': `select sum(jsonb_array_length(answer -> 'results'))::text as value from commits`,
}

/** Reads a whole database of one graph, as a role that sees all of it. */
export async function readContents(url: string): Promise<Contents> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('analyze entities, relationships, events')
    const contents: Record<string, string> = {}
    for (const [name, query] of Object.entries(QUERIES)) {
      const { rows } = await client.query<{ value: string | null }>(query)
      contents[name] = rows[0]?.value ?? 'none'
    }
    return contents
  } finally {
    await client.end()
  }
}
