import { z } from 'zod'
import type { DatabaseKind } from '../../db/migrate.ts'

export const MIN_PASSWORD_LENGTH = 12

/** A database to migrate, as the role that owns it. */
export type Target = {
  readonly kind: DatabaseKind
  /** `catalog` or the shard's id. */
  readonly id: string
  readonly ownerUrl: string
}

export type OwnerSettings = {
  /** The catalog, and each shard. */
  readonly targets: readonly Target[]
  readonly appPassword: string
}

/** Variables by name, as a process has them. */
export type Variables = Readonly<Record<string, string | undefined>>

export const OWNER_VARIABLES = {
  TENDRIL_CATALOG_OWNER_URL: 'catalog database, as the role that owns it',
  TENDRIL_SHARD_OWNER_URLS: 'JSON array of {"id", "url"}, one per shard, as the role that owns it',
  TENDRIL_APP_PASSWORD:
    `becomes the password of tendril_app, the role that the worker connects as; ` +
    `at least ${MIN_PASSWORD_LENGTH} characters`,
}

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ })
const shardUrls = z.array(z.strictObject({ id: z.string(), url: postgresUrl })).min(1)

/** Reads what migrating needs. Every variable that is missing or malformed is a problem of its own. */
export function readOwnerSettings(variables: Variables): {
  readonly settings: OwnerSettings | null
  readonly problems: readonly string[]
} {
  const problems = Object.entries(OWNER_VARIABLES)
    .filter(([name]) => !variables[name])
    .map(([name, meaning]) => `${name} is missing: ${meaning}`)
  const appPassword = variables.TENDRIL_APP_PASSWORD || null
  if (appPassword && appPassword.length < MIN_PASSWORD_LENGTH) {
    problems.push(`TENDRIL_APP_PASSWORD needs at least ${MIN_PASSWORD_LENGTH} characters`)
  }
  const catalog = readCatalog(variables.TENDRIL_CATALOG_OWNER_URL, problems)
  const shards = readShards(variables.TENDRIL_SHARD_OWNER_URLS, problems)
  const settings =
    problems.length === 0 && appPassword ? { targets: [...catalog, ...shards], appPassword } : null
  return { settings, problems }
}

function readCatalog(url: string | undefined, problems: string[]): Target[] {
  if (!url) return []
  // Never the value: it holds a password.
  const name = 'TENDRIL_CATALOG_OWNER_URL'
  if (!postgresUrl.safeParse(url).success) {
    problems.push(`${name} must look like postgres://owner:password@host/db`)
    return []
  }
  problems.push(...poolerProblems(name, url))
  return [{ kind: 'catalog', id: 'catalog', ownerUrl: url }]
}

function readShards(text: string | undefined, problems: string[]): Target[] {
  if (!text) return []
  const name = 'TENDRIL_SHARD_OWNER_URLS'
  const result = shardUrls.safeParse(parseJson(text))
  if (!result.success) {
    problems.push(
      `${name} must look like [{"id":"shard-1","url":"postgres://owner:password@host/db"}]`,
    )
    return []
  }
  for (const { id, url } of result.data) problems.push(...poolerProblems(`${name} (${id})`, url))
  return result.data.map(({ id, url }) => ({ kind: 'shard', id, ownerUrl: url }))
}

/** A pooler hands a session's lock to somebody else between two statements. */
function poolerProblems(name: string, url: string): string[] {
  return new URL(url).hostname.split('.')[0]?.endsWith('-pooler')
    ? [`${name} goes through a connection pooler: use the direct connection string`]
    : []
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: refused like JSON of another form.
    return undefined
  }
}
