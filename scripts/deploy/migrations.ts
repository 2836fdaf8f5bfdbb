import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { z } from 'zod'
import type { DatabaseKind } from '../../db/migrate.ts'
import { ROOT } from '../local/wrangler.ts'
import type { Target } from '../migrate/owner-settings.ts'

/** One step of a database's schema. */
export type Migration = {
  /** The name of its file, without `.sql`: `0002_registration`. */
  readonly tag: string
  /** When it was made, in milliseconds: a database has those up to its newest one. */
  readonly whenMs: number
  readonly sql: string
}

const journal = z.object({
  entries: z.array(z.object({ tag: z.string(), when: z.number() })),
})

/** Every migration of one kind of database, oldest first. */
export function migrationsOf(kind: DatabaseKind): Migration[] {
  const folder = join(ROOT, 'db', 'migrations', kind)
  const text = readFileSync(join(folder, 'meta', '_journal.json'), 'utf8')
  return journal.parse(JSON.parse(text)).entries.map(({ tag, when }) => ({
    tag,
    whenMs: when,
    sql: readFileSync(join(folder, `${tag}.sql`), 'utf8'),
  }))
}

/** What a database lacks. `isNew`: it lacks everything, so no worker can be running on it. */
export type Pending = { readonly isNew: boolean; readonly tags: readonly string[] }

/** Which migrations `target` has not. Changes nothing; rejects when the database does not answer. */
export async function pendingMigrations(target: Target): Promise<Pending> {
  const newestMs = await newestApplied(target.ownerUrl)
  const pending = migrationsOf(target.kind).filter(({ whenMs }) => whenMs > (newestMs ?? 0))
  return { isNew: newestMs === null, tags: pending.map(({ tag }) => tag) }
}

/** How long a database may take to answer: one that sleeps is woken by the connection. */
const CONNECT_TIMEOUT_MS = 15_000

async function newestApplied(ownerUrl: string): Promise<number | null> {
  const client = new pg.Client({
    connectionString: ownerUrl,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
  })
  await client.connect()
  try {
    const { rows: found } = await client.query<{ there: boolean }>(
      `select to_regclass('drizzle.__drizzle_migrations') is not null as there`,
    )
    if (!found[0]?.there) return null
    const { rows } = await client.query<{ newest: string | null }>(
      'select max(created_at)::text as newest from drizzle.__drizzle_migrations',
    )
    const newest = rows[0]?.newest
    return newest ? Number(newest) : null
  } finally {
    await client.end()
  }
}
