import pg from 'pg'
import { HISTORY_ID } from './stored-rows.ts'

/** The graph that the loads without the API write into. */
export type Place = { readonly tenantId: string; readonly graphId: string }

export const PLACE: Place = {
  tenantId: '01900000-0000-7000-8000-00000000aaaa',
  graphId: '01900000-0000-7000-8000-00000000bbbb',
}

/** A connection to one database, made ready for loading into `PLACE`, and closed after `use`. */
export async function withGraph<T>(
  url: string,
  use: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('insert into graphs (tenant_id, id, history_id) values ($1, $2, $3)', [
      PLACE.tenantId,
      PLACE.graphId,
      HISTORY_ID,
    ])
    return await use(client)
  } finally {
    await client.end()
  }
}
