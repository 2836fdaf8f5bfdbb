import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createDatabases, type TestDatabases } from '../harness/databases.ts'
import { tenantTables } from './tenant-rows.ts'

const KINDS = ['catalog', 'shard'] as const
const PERMISSION_DENIED = '42501'

let databases: TestDatabases

beforeAll(async () => {
  databases = await createDatabases()
})

afterAll(() => databases.drop())

describe.each(KINDS)('the role of the runtime in a %s', (kind) => {
  it('has no power beyond its tables', async () => {
    const { owner } = databases[kind]
    const { rows } = await owner.query(`select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb,
        rolreplication, (select count(*)::int from pg_auth_members m where m.member = r.oid) as roles,
        (select count(*)::int from pg_class where relowner = r.oid)
          + (select count(*)::int from pg_proc where proowner = r.oid)
          + (select count(*)::int from pg_namespace where nspowner = r.oid) as owned,
        has_schema_privilege(r.oid, 'public', 'create') as may_create
      from pg_roles r where rolname = 'tendril_app'`)
    expect(rows).toEqual([
      {
        rolsuper: false,
        rolbypassrls: false,
        rolcreaterole: false,
        rolcreatedb: false,
        rolreplication: false,
        roles: 0,
        owned: 0,
        may_create: false,
      },
    ])
  })

  it('finds row security forced, with a policy for it, on all it has any privilege on', async () => {
    const { owner } = databases[kind]
    const { rows } = await owner.query<{ relname: string; forced: boolean; policies: number }>(
      `select relname, relrowsecurity and relforcerowsecurity as forced,
          (select count(*)::int from pg_policy where polrelid = c.oid
            and 'tendril_app'::regrole = any (polroles)) as policies
        from pg_class c where relkind in ('r', 'p', 'v', 'm', 'f')
          and relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
          and has_table_privilege('tendril_app', oid, 'select,insert,update,delete,truncate')`,
    )
    expect(rows.filter(({ forced, policies }) => !forced || policies === 0)).toEqual([])
    const tables = (await tenantTables(owner)).map(({ name }) => name)
    expect(rows.map(({ relname }) => relname)).toEqual(expect.arrayContaining(tables))
  })

  it('has these privileges and no others', async () => {
    const { rows } = await databases[kind].owner.query<{ relname: string; privileges: string }>(
      `select relname, string_agg(privilege, ' ' order by privilege) as privileges
        from pg_class c cross join unnest(array['select', 'insert', 'update', 'delete', 'truncate',
          'references', 'trigger']) as privilege
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
          and has_table_privilege('tendril_app', c.oid, privilege)
        group by relname order by relname`,
    )
    expect(Object.fromEntries(rows.map((row) => [row.relname, row.privileges]))).toEqual(
      kind === 'catalog'
        ? {
            api_keys: 'insert select update',
            commits: 'insert select',
            events: 'insert select',
            graphs: 'insert select update',
            installation: 'insert select',
            invitations: 'insert select',
            jobs: 'delete insert select update',
            memberships: 'delete insert select update',
            tenants: 'insert select update',
            users: 'insert select',
          }
        : {
            checkpoints: 'delete insert select update',
            commits: 'insert select',
            dead_letters: 'delete insert select update',
            entities: 'delete insert select update',
            events: 'insert select',
            fulltext_entries: 'delete insert select update',
            geo_entries: 'delete insert select update',
            graph_activity: 'delete insert select update',
            graph_statistics: 'delete insert select update',
            graphs: 'insert select update',
            index_entries: 'delete insert select update',
            parked_events: 'delete insert select update',
            relationships: 'delete insert select update',
            replays: 'delete insert select update',
            text_entries: 'delete insert select update',
            type_tasks: 'delete insert select update',
            types: 'delete insert select update',
            unfinished_erasures: 'delete insert select update',
          },
    )
  })

  it('may update single columns of these tables and no others', async () => {
    const { rows } = await databases[kind].owner.query<{ name: string }>(
      `select relname || '.' || attname as name from pg_class c join pg_attribute on attrelid = c.oid
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and attnum > 0
          and has_column_privilege('tendril_app', c.oid, attnum, 'update')
          and not has_table_privilege('tendril_app', c.oid, 'update') order by name`,
    )
    expect(rows.map(({ name }) => name)).toEqual(
      kind === 'catalog'
        ? ['invitations.revoked_at', 'invitations.used_at', 'invitations.used_by']
        : [],
    )
  })

  it('cannot take row security off, reach a partition, or become somebody else', async () => {
    const { appUrl } = databases[kind]
    const app = new pg.Client(appUrl)
    await app.connect()
    for (const statement of [
      'alter table events disable row level security',
      'alter table events no force row level security',
      'drop policy own_tenant on events',
      'select * from events_default',
      'create table mine ()',
      'set role tendril_test_owner',
      'set session authorization tendril_test_owner',
      'alter role tendril_app bypassrls',
      `update events set kind = 'forged'`,
      'delete from events',
      'delete from commits',
      'truncate events',
    ]) {
      await expect(app.query(statement), statement).rejects.toMatchObject({
        code: PERMISSION_DENIED,
      })
    }
    // With row security off a policy raises instead of filtering.
    await app.query('set row_security to off')
    await expect(app.query('select * from events')).rejects.toMatchObject({
      code: PERMISSION_DENIED,
    })
    await app.end()
  })
})
