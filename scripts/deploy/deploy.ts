import type { DatabaseHealth } from '../../db/queries/health.ts'
import { SECRETS } from '../../env.ts'
import { UserError } from '../local/user-error.ts'
import { migrateTargets, placeOf } from '../migrate/migrate-targets.ts'
import type { OwnerSettings, Variables } from '../migrate/owner-settings.ts'
import { awaitReady, type ReadyDeps } from './await-ready.ts'
import { type Inspection, inspect, OPTIONAL_SECRETS, type SecretSource } from './inspect.ts'
import { madeSecrets, SECRET_NAMES, type SecretName } from './secrets.ts'
import { type Uploaded, upload } from './upload.ts'
import type { Wrangler } from './wrangler-cli.ts'

export type DeployOptions = {
  /** Say what would be done, without asking Cloudflare. */
  readonly isDryRun: boolean
  /** False: the databases were migrated elsewhere. */
  readonly migrates: boolean
}

export type DeployDeps = ReadyDeps & {
  readonly variables: Variables
  readonly configPath: string
  readonly wrangler: Wrangler
  /** Whether the role of a connection string is bound by row security: the readiness check's query. */
  readonly checkRole: (url: string) => Promise<DatabaseHealth>
  readonly isInteractive: boolean
  readonly say: (line: string) => void
}

/**
 * Brings databases and worker to this release: checks, migrates, checks the role, uploads, waits. Each
 * step stops what comes after it, and all of it can be repeated. Rejects with a UserError.
 */
export async function deploy(options: DeployOptions, deps: DeployDeps): Promise<void> {
  const { say, wrangler } = deps
  const found = await inspect({
    ...deps,
    migrates: options.migrates,
    wrangler: options.isDryRun ? null : wrangler,
  })
  if (options.isDryRun) return rehearse(found, deps)
  if (found.problems.length > 0) throw new UserError(listed('Nothing was changed.', found.problems))
  if (found.owner) {
    await migrateTargets(found.owner, say)
    await checkRoles(found.owner, deps)
  }
  const { secrets } = found
  const uploaded = await upload(wrangler, {
    secrets,
    isDry: false,
    isInteractive: deps.isInteractive,
  })
  say(`The worker ${found.worker} is uploaded${withSecrets(Object.keys(secrets))}.`)
  await finish(found, uploaded, deps)
}

/** `--dry-run`: what a deploy would do, as far as that can be told from here. */
async function rehearse(found: Inspection, deps: DeployDeps): Promise<void> {
  const { say, wrangler } = deps
  for (const { target, pending, reason } of found.databases) {
    if (!pending) say(`${placeOf(target)}: could not look what it lacks: ${reason}`)
    else if (pending.length === 0) say(`${placeOf(target)}: is up to date`)
    else say(`${placeOf(target)}: would be migrated by ${pending.join(', ')}`)
  }
  if (found.databases.length === 0) say('No database was looked at: no connection strings given.')
  for (const name of SECRET_NAMES) say(`${name}: ${saidOf(name, found.sources[name])}`)
  const { bundle } = await upload(wrangler, {
    secrets: found.secrets,
    isDry: true,
    isInteractive: false,
  })
  const size = bundle ? `${kib(bundle.bytes)} KiB, ${kib(bundle.gzipBytes)} KiB gzipped` : 'bundled'
  say(`The worker ${found.worker} would be uploaded: ${size}.`)
  if (found.problems.length > 0) throw new UserError(listed('', found.problems))
}

const SAID: Readonly<Record<SecretSource, string>> = {
  given: 'is given, would be set',
  made: 'would be made from the owner’s connection string',
  account: 'is set on the account',
  unknown: 'is not given: the account must have it (not asked)',
  missing: 'is missing',
}

function saidOf(name: SecretName, source: SecretSource): string {
  if (!OPTIONAL_SECRETS.includes(name)) return SAID[source]
  if (source === 'unknown') return 'is not given; it is optional, and the account may have it'
  return source === 'missing' ? 'is not set; it is optional' : SAID[source]
}

/** As the worker will connect: through SQL over HTTP, as the role that serves. */
async function checkRoles(owner: OwnerSettings, { variables, checkRole, say }: DeployDeps) {
  const made = madeSecrets(owner)
  const shards = SECRETS.TENDRIL_SHARDS.parse(variables.TENDRIL_SHARDS || made.TENDRIL_SHARDS)
  const urls = [
    { name: 'catalog', url: variables.TENDRIL_CATALOG_URL || made.TENDRIL_CATALOG_URL },
    ...shards.map(({ id, url }) => ({ name: `shard ${id}`, url })),
  ]
  for (const { name, url } of urls) {
    const health = await checkRole(url)
    if (health.status === 'down') {
      throw new UserError(
        `The worker was not uploaded: for tendril_app, ${name}: ${health.reason}.`,
      )
    }
  }
  say('The role tendril_app is bound by row security in every database.')
}

async function finish(found: Inspection, uploaded: Uploaded, deps: DeployDeps): Promise<void> {
  const { say } = deps
  const target = uploaded.targets.find((each) => /^https?:/.test(each))
  const url = found.url ?? target?.replace(/\/$/, '')
  if (!url) {
    say('Nobody said where it is reached: set TENDRIL_URL, and look at /health/ready there.')
    return
  }
  if (Object.values(found.sources).includes('unknown')) {
    say(`Whether it has its secrets is not known; when it has, ${url}/health/ready says ok.`)
    return
  }
  const problems = await awaitReady(url, deps)
  if (problems.length > 0) {
    throw new UserError(listed(`The worker is uploaded, and ${url} is not ready.`, problems))
  }
  say(`${url} is ready.`)
  say(nextStep(found, url))
}

function nextStep({ sources }: Inspection, url: string): string {
  if (sources.TENDRIL_SETUP_SECRET === 'missing') {
    return (
      'There is no TENDRIL_SETUP_SECRET, so nobody can become the first owner: give one ' +
      '(`openssl rand -hex 32`) and deploy again.'
    )
  }
  return [
    'If it has no owner yet, become it, once:',
    '',
    `  curl '${url}/api/v1/auth/register' -H 'content-type: application/json' \\`,
    `    -d '{"tenant_name":"…","email":"…","password":"…","setup_secret":"<TENDRIL_SETUP_SECRET>"}'`,
  ].join('\n')
}

function listed(opening: string, problems: readonly string[]): string {
  const count = problems.length === 1 ? 'One thing is' : `${problems.length} things are`
  const lines = problems.map((problem) => `  ${problem}`)
  return `${opening} ${count} missing or wrong:\n${lines.join('\n')}`.trim()
}

function withSecrets(names: readonly string[]): string {
  return names.length === 0 ? '' : ` with ${names.join(', ')}`
}

function kib(bytes: number): string {
  return Math.ceil(bytes / 1_024).toLocaleString('en')
}
