import { parseArgs } from 'node:util'
import { z } from 'zod'
import { type DatabaseKind, migrateDatabase } from '../db/migrate.ts'
import { explain } from './local/explain.ts'
import { UserError } from './local/user-error.ts'

const MIN_PASSWORD_LENGTH = 12

const HELP = `Brings the catalog and every shard to the newest schema. Can be repeated: what is applied is skipped.

  npm run migrate

  TENDRIL_CATALOG_OWNER_URL  catalog database, as the role that owns it
  TENDRIL_SHARD_OWNER_URLS   JSON array of {"id", "url"}, one per shard, as the role that owns it
  TENDRIL_APP_PASSWORD       becomes the password of tendril_app, the role that the worker connects
                             as; at least ${MIN_PASSWORD_LENGTH} characters

The owner must not be the role of the worker, and needs the attribute CREATEROLE.`

type Target = { readonly kind: DatabaseKind; readonly name: string; readonly ownerUrl: string }

const postgresUrl = z.url({ protocol: /^postgres(ql)?$/ })
const shardUrls = z.array(z.strictObject({ id: z.string(), url: postgresUrl })).min(1)

try {
  await main()
} catch (error) {
  console.error(explain(error).text)
  process.exitCode = 1
}

async function main(): Promise<void> {
  if (readArguments().help) {
    console.log(HELP)
    return
  }
  const targets = [catalog(), ...shards()]
  const appPassword = variable('TENDRIL_APP_PASSWORD')
  if (appPassword.length < MIN_PASSWORD_LENGTH) {
    throw new UserError(`TENDRIL_APP_PASSWORD needs at least ${MIN_PASSWORD_LENGTH} characters.`)
  }
  // One after the other: each sets the password of a role that databases of one server share.
  for (const target of targets) await migrateOne(target, appPassword)
}

async function migrateOne({ kind, name, ownerUrl }: Target, appPassword: string): Promise<void> {
  const { host, pathname } = new URL(ownerUrl)
  const place = `${name} (${host}${pathname})`
  try {
    await migrateDatabase({ kind, ownerUrl, appPassword })
  } catch (cause) {
    throw new UserError(`${place} was not migrated: ${reasonOf(cause)}`, { cause })
  }
  console.log(`${place} is up to date.`)
}

function catalog(): Target {
  const result = postgresUrl.safeParse(variable('TENDRIL_CATALOG_OWNER_URL'))
  if (result.success) return { kind: 'catalog', name: 'catalog', ownerUrl: result.data }
  // Never the value: it holds a password.
  throw new UserError('TENDRIL_CATALOG_OWNER_URL must look like postgres://owner:password@host/db.')
}

function shards(): Target[] {
  const result = shardUrls.safeParse(parseJson(variable('TENDRIL_SHARD_OWNER_URLS')))
  if (result.success) {
    return result.data.map(({ id, url }) => ({ kind: 'shard', name: `shard ${id}`, ownerUrl: url }))
  }
  throw new UserError(
    'TENDRIL_SHARD_OWNER_URLS must look like [{"id":"shard-1","url":"postgres://owner:password@host/db"}].',
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // Not JSON: refused like JSON of another form.
    return undefined
  }
}

function variable(name: string): string {
  const value = process.env[name]
  if (value) return value
  throw new UserError(`Set ${name}; \`npm run migrate -- --help\` says to what.`)
}

function readArguments() {
  try {
    return parseArgs({ options: { help: { type: 'boolean', default: false } } }).values
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}

function reasonOf(error: unknown): string {
  // A refused connection to a name with several addresses has its reasons inside, and no message.
  const first = error instanceof AggregateError ? error.errors[0] : error
  // drizzle puts the statement into the message, and PostgreSQL's reason into the cause.
  const inner = first instanceof Error && first.cause instanceof Error ? first.cause : first
  return inner instanceof Error ? inner.message : String(inner)
}
