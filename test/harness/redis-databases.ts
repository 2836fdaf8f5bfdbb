// Without an import of the module itself TypeScript does not let the file extend its types.
import type {} from 'vitest'
import { REDIS_DATABASES, type RedisDatabase } from '../../scripts/local/redis/local-redis.ts'

export type RedisDatabases = Readonly<
  Record<RedisDatabase, { readonly url: string; readonly token: string }>
>

declare module 'vitest' {
  export interface ProvidedContext {
    /** The run's two databases, for `new Redis(…)`. */
    redisDatabases: RedisDatabases
  }
}

/** The URL in TENDRIL_REDIS_URL with the database that is so many after the one it names. */
export function realRedisUrl(offset: number): string | undefined {
  const named = process.env.TENDRIL_REDIS_URL
  if (!named) return undefined
  const url = new URL(named)
  url.pathname = `/${Number(url.pathname.slice(1)) + offset}`
  return url.href
}

/** Rejects when something is in one of them: a run deletes everything when it ends. */
export async function assertEmpty(databases: RedisDatabases): Promise<void> {
  for (const name of REDIS_DATABASES) {
    if ((await ask(databases, name, 'dbsize')) === 0) continue
    throw new Error(
      `the logical database for ${name} of TENDRIL_REDIS_URL is not empty: the tests delete what ` +
        'is in there, so empty it first (FLUSHDB), or name a Redis of their own',
    )
  }
}

/** Deletes everything in both. */
export async function flushDatabases(databases: RedisDatabases): Promise<void> {
  for (const name of REDIS_DATABASES) await ask(databases, name, 'flushdb')
}

async function ask(databases: RedisDatabases, name: RedisDatabase, command: string) {
  const { url, token } = databases[name]
  const headers = { authorization: `Bearer ${token}` }
  const response = await fetch(`${url}/${command}`, { headers })
  if (!response.ok) throw new Error(`Redis does not answer: ${await response.text()}`)
  return ((await response.json()) as { result: unknown }).result
}
