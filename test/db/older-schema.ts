import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import type pg from 'pg'
import { z } from 'zod'
import type { DatabaseKind } from '../../db/migrate.ts'

const journal = z.looseObject({
  entries: z.array(z.looseObject({ idx: z.int(), when: z.int(), tag: z.string() })),
})

export type Migration = { readonly idx: number; readonly when: number; readonly tag: string }

export function migrationsFolder(kind: DatabaseKind): string {
  return join(import.meta.dirname, '../../db/migrations', kind)
}

/** The migrations of one kind of database, in the order in which they are applied. */
export async function migrationsOf(kind: DatabaseKind): Promise<readonly Migration[]> {
  return (await readJournal(kind)).entries
}

async function readJournal(kind: DatabaseKind) {
  const path = join(migrationsFolder(kind), 'meta', '_journal.json')
  return journal.parse(JSON.parse(await readFile(path, 'utf8')))
}

/** Applies the first `count` migrations, as a release of that time did. */
export async function migrateTo(
  owner: pg.Client,
  kind: DatabaseKind,
  count: number,
): Promise<void> {
  const whole = await readJournal(kind)
  const entries = whole.entries.slice(0, count)
  const folder = await mkdtemp(join(tmpdir(), 'tendril-older-'))
  try {
    await mkdir(join(folder, 'meta'))
    await writeFile(join(folder, 'meta/_journal.json'), JSON.stringify({ ...whole, entries }))
    for (const { tag } of entries) {
      await copyFile(join(migrationsFolder(kind), `${tag}.sql`), join(folder, `${tag}.sql`))
    }
    await migrate(drizzle(owner), { migrationsFolder: folder })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
