import { sql } from 'drizzle-orm'
import type { Database } from '../client.ts'

/** What a database says of itself and of the role that serves. */
export type DatabaseHealth =
  | { readonly status: 'ok' }
  | { readonly status: 'down'; readonly reason: string }

/** Whether the database answers, and whether row-level security really binds the runtime's role. */
export async function checkDatabase(database: Database): Promise<DatabaseHealth> {
  try {
    const [rows] = await database.batchWith(
      {},
      [
        sql`select
          (select rolsuper or rolbypassrls from pg_roles where rolname = current_user) as bypasses,
          (select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
              and (pg_has_role(c.relowner, 'member') or not (c.relrowsecurity and c.relforcerowsecurity))
          ) as open_tables,
          to_regclass('public.commits') is not null as migrated`,
      ],
      { mode: 'snapshot' },
    )
    const row = rows?.[0]
    if (row?.migrated === false) {
      return { status: 'down', reason: 'the database is not migrated' }
    }
    if (row?.bypasses !== false || row.open_tables !== 0) {
      return { status: 'down', reason: 'the runtime role can bypass row-level security' }
    }
    return { status: 'ok' }
  } catch {
    // A DatabaseError: unreachable, wrong credentials or not migrated. Its text may name hosts.
    return { status: 'down', reason: 'the database does not answer' }
  }
}
