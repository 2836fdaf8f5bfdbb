import { z } from 'zod'
import { SECRETS } from '../../env.ts'
import type { OwnerSettings, Variables } from '../migrate/owner-settings.ts'
import { describeIssues } from './describe-issues.ts'

export type SecretName = keyof typeof SECRETS
export const SECRET_NAMES = Object.keys(SECRETS) as readonly SecretName[]

const APP_ROLE = 'tendril_app'

/** Connection strings of the worker: made from those of the owner where they are not given. */
export const MADE_SECRETS = ['TENDRIL_CATALOG_URL', 'TENDRIL_SHARDS'] as const

/** The secrets that are given, by name. An empty one counts as not given. */
export function givenSecrets(variables: Variables): Partial<Record<SecretName, string>> {
  return Object.fromEntries(
    SECRET_NAMES.flatMap((name) => (variables[name] ? [[name, variables[name]]] : [])),
  )
}

/**
 * Connection strings of the worker, made from those of the owner: the same databases, as the role that
 * the migration makes.
 */
export function madeSecrets({
  targets,
  appPassword,
}: OwnerSettings): Record<(typeof MADE_SECRETS)[number], string> {
  const asApp = (ownerUrl: string): string => {
    const url = new URL(ownerUrl)
    url.username = APP_ROLE
    // The setter leaves a % as it is.
    url.password = encodeURIComponent(appPassword)
    return url.href
  }
  const shards = targets.filter(({ kind }) => kind === 'shard')
  return {
    TENDRIL_CATALOG_URL: asApp(targets.find(({ kind }) => kind === 'catalog')?.ownerUrl ?? ''),
    TENDRIL_SHARDS: JSON.stringify(
      shards.map(({ id, ownerUrl }) => ({ id, url: asApp(ownerUrl) })),
    ),
  }
}

/** What is wrong with the secrets that are given, each by itself and beside the owner's settings. */
export function secretProblems(
  given: Partial<Record<SecretName, string>>,
  owner: OwnerSettings | null,
): string[] {
  const { data, error } = z.object(SECRETS).partial().safeParse(given)
  if (!data) return describeIssues(error)
  const catalog = owner?.targets.find(({ kind }) => kind === 'catalog')
  const shards = owner?.targets.filter(({ kind }) => kind === 'shard') ?? []
  const problems: string[] = []
  if (data.TENDRIL_CATALOG_URL) {
    const name = 'TENDRIL_CATALOG_URL'
    problems.push(...urlProblems(name, data.TENDRIL_CATALOG_URL, catalog?.ownerUrl, owner))
  }
  const ids = data.TENDRIL_SHARDS?.map(({ id }) => id) ?? []
  for (const { id, url } of data.TENDRIL_SHARDS ?? []) {
    const name = `TENDRIL_SHARDS (${id})`
    const same = shards.find((shard) => shard.id === id)
    if (owner && !same) problems.push(`${name} is not among TENDRIL_SHARD_OWNER_URLS`)
    problems.push(...urlProblems(name, url, same?.ownerUrl, owner))
  }
  if (data.TENDRIL_SHARDS) {
    const missing = shards.filter(({ id }) => !ids.includes(id))
    problems.push(
      ...missing.map(({ id }) => `TENDRIL_SHARDS lacks ${id} of TENDRIL_SHARD_OWNER_URLS`),
    )
  }
  if (new Set(ids).size !== ids.length) problems.push('TENDRIL_SHARDS has one id twice')
  return problems
}

function urlProblems(
  name: string,
  url: string,
  ownerUrl: string | undefined,
  owner: OwnerSettings | null,
): string[] {
  const { username, password, pathname } = new URL(url)
  const problems: string[] = []
  if (username !== APP_ROLE) {
    problems.push(`${name} must connect as ${APP_ROLE}: any other role may see all tenants`)
  }
  if (ownerUrl && new URL(ownerUrl).pathname !== pathname) {
    problems.push(`${name} names another database than the owner's connection string`)
  }
  if (owner && decoded(password) !== owner.appPassword) {
    problems.push(`${name} has another password than TENDRIL_APP_PASSWORD, which will be set`)
  }
  return problems
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    // A % that begins no escape stands for itself.
    return text
  }
}
