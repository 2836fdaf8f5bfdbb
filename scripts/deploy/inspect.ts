import { z } from 'zod'
import { SECRETS } from '../../env.ts'
import { placeOf, reasonOf } from '../migrate/migrate-targets.ts'
import {
  type OwnerSettings,
  readOwnerSettings,
  type Target,
  type Variables,
} from '../migrate/owner-settings.ts'
import { type Account, readAccount } from './account.ts'
import { configProblems, readWorkerConfig } from './check-wrangler-toml.ts'
import { prematureContract } from './contract.ts'
import { pendingMigrations } from './migrations.ts'
import {
  givenSecrets,
  MADE_SECRETS,
  madeSecrets,
  SECRET_NAMES,
  type SecretName,
  secretProblems,
} from './secrets.ts'
import type { Wrangler } from './wrangler-cli.ts'

/** Where a secret comes from; `unknown`: the account may have it, and was not or cannot be asked. */
export type SecretSource = 'given' | 'made' | 'account' | 'unknown' | 'missing'

/** What a database lacks, or why nobody could look. */
export type Outlook = {
  readonly target: Target
  readonly pending: readonly string[] | null
  readonly reason: string
}

/** What a deploy would do, and everything that stands in its way. Nothing was changed to find out. */
export type Inspection = {
  readonly problems: readonly string[]
  readonly worker: string
  readonly owner: OwnerSettings | null
  readonly databases: readonly Outlook[]
  readonly sources: Readonly<Record<SecretName, SecretSource>>
  /** Secrets to upload. */
  readonly secrets: Partial<Record<SecretName, string>>
  /** Where the deployed worker is reached, if that was said. */
  readonly url: string | null
}

export type InspectOptions = {
  readonly variables: Variables
  readonly configPath: string
  readonly migrates: boolean
  /** Asks Cloudflare; absent: offline. */
  readonly wrangler: Wrangler | null
}

/** Looks at everything before it says what is wrong, so that it can be put right in one go. */
export async function inspect(options: InspectOptions): Promise<Inspection> {
  const { variables, configPath, migrates, wrangler } = options
  const config = readWorkerConfig(configPath)
  const { settings: owner, problems: ownerProblems } = migrates
    ? readOwnerSettings(variables)
    : { settings: null, problems: [] }
  const given = givenSecrets(variables)
  const account: Account = wrangler
    ? await readAccount(wrangler, variables, config)
    : { problems: [], secrets: null }
  const made = owner ? madeSecrets(owner) : {}
  const sources = sourcesOf(given, made, account.secrets)
  const databases = await Promise.all((owner?.targets ?? []).map(look))
  return {
    problems: [
      ...configProblems(config),
      ...ownerProblems,
      ...secretProblems(given, owner),
      ...urlProblems(variables),
      ...account.problems,
      ...missingSecrets(sources, migrates, account),
      ...databases.flatMap(({ problem }) => (problem === null ? [] : [problem])),
      // Offline it is told beside what would be migrated.
      ...(wrangler ? databases.flatMap(unreachable) : []),
    ],
    worker: config.name ?? '',
    owner,
    databases,
    sources,
    secrets: Object.fromEntries(
      Object.entries({ ...made, ...given }).filter(([name]) =>
        ['given', 'made'].includes(sources[name as SecretName]),
      ),
    ),
    url: variables.TENDRIL_URL?.replace(/\/$/, '') || null,
  }
}

function sourcesOf(
  given: Partial<Record<SecretName, string>>,
  made: Partial<Record<SecretName, string>>,
  onAccount: readonly string[] | null,
): Record<SecretName, SecretSource> {
  const sourceOf = (name: SecretName): SecretSource => {
    if (given[name]) return 'given'
    // Also where the account has one: migrating sets the password that it must have.
    if (made[name]) return 'made'
    if (onAccount?.includes(name)) return 'account'
    return onAccount === null ? 'unknown' : 'missing'
  }
  return Object.fromEntries(SECRET_NAMES.map((name) => [name, sourceOf(name)])) as Record<
    SecretName,
    SecretSource
  >
}

/** Not needed to serve: without it there is no first owner yet, or no Redis. */
const OPTIONAL = SECRET_NAMES.filter((name) => SECRETS[name].safeParse(undefined).success)

function missingSecrets(
  sources: Readonly<Record<SecretName, SecretSource>>,
  migrates: boolean,
  account: Account,
): string[] {
  // What nobody can tell yet is not missing, unless that is because the account cannot be asked.
  const isMissing = (name: SecretName) =>
    sources[name] === 'missing' || (sources[name] === 'unknown' && account.problems.length > 0)
  const made: readonly SecretName[] = migrates ? MADE_SECRETS : []
  return SECRET_NAMES.filter(
    (name) => isMissing(name) && !OPTIONAL.includes(name) && !made.includes(name),
  ).map((name) =>
    sources[name] === 'missing'
      ? `${name} is missing: it is neither given nor set on the account`
      : `${name} is not given, and the account could not be asked whether it has it`,
  )
}

function urlProblems({ TENDRIL_URL: url }: Variables): string[] {
  if (!url || z.url({ protocol: /^https?$/ }).safeParse(url).success) return []
  return ['TENDRIL_URL must look like https://tendril.example.com']
}

async function look(target: Target): Promise<Outlook & { readonly problem: string | null }> {
  try {
    const pending = await pendingMigrations(target)
    const early = prematureContract(pending)
    const problem =
      early &&
      `${placeOf(target)}: ${early} takes away what the worker that is serving may still need; ` +
        'deploy the release before this one first'
    return { target, pending: pending.tags, reason: '', problem }
  } catch (error) {
    return { target, pending: null, reason: reasonOf(error), problem: null }
  }
}

function unreachable({ target, pending, reason }: Outlook): string[] {
  return pending ? [] : [`${placeOf(target)} does not answer: ${reason}`]
}
