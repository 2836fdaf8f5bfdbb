import { migrateDatabase } from '../../db/migrate.ts'
import { UserError } from '../local/user-error.ts'
import type { OwnerSettings, Target } from './owner-settings.ts'

/**
 * Brings each database to the newest schema; one that is there already is left as it is. Rejects with
 * a UserError at the first that fails, which leaves the ones before it migrated: it can be repeated.
 */
export async function migrateTargets(
  { targets, appPassword }: OwnerSettings,
  say: (line: string) => void,
): Promise<void> {
  // One after the other: each sets the password of a role that databases of one server share.
  for (const target of targets) {
    const { kind, ownerUrl } = target
    try {
      await migrateDatabase({ kind, ownerUrl, appPassword })
    } catch (cause) {
      throw new UserError(`${placeOf(target)} was not migrated: ${reasonOf(cause)}`, { cause })
    }
    say(`${placeOf(target)} is up to date.`)
  }
}

/** What a database is called where people read it: without user and password. */
export function placeOf({ kind, id, ownerUrl }: Target): string {
  const { host, pathname } = new URL(ownerUrl)
  return `${kind === 'catalog' ? 'catalog' : `shard ${id}`} (${host}${pathname})`
}

/** PostgreSQL's reason for an error of a driver. */
export function reasonOf(error: unknown): string {
  // A refused connection to a name with several addresses has its reasons inside, and no message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  // drizzle puts the statement into the message, and PostgreSQL's reason into the cause.
  const inner = first instanceof Error && first.cause instanceof Error ? first.cause : first
  return inner instanceof Error ? inner.message : String(inner)
}
