import type { RedisBackend } from './backend.ts'
import { memoryStore } from './store/memory-store.ts'
import { type RedisFaults, startUpstashRest, type UpstashRest } from './upstash-rest.ts'

/** Two databases: what may be forgotten at any time, and what may not (sessions). */
export const REDIS_DATABASES = ['cache', 'state'] as const
export type RedisDatabase = (typeof REDIS_DATABASES)[number]

type PerDatabase<T> = Readonly<Record<RedisDatabase, T>>

export type LocalRedisOptions = {
  readonly tokens: PerDatabase<string>
  /**
   * URL of a real Redis; `cache` is the logical database that it names (default 0), `state` the
   * next one. Absent: a store in this process for each, empty at every start.
   */
  readonly redisUrl?: string | undefined
  /** Also makes the stores remember what was there before, for the fault `old`. */
  readonly faults?: Partial<PerDatabase<RedisFaults>>
}

export type LocalRedis = PerDatabase<UpstashRest> & { close(): Promise<void> }

/** Serves both databases, each on a free port of its own. Rejects with a UserError. */
export async function startLocalRedis(options: LocalRedisOptions): Promise<LocalRedis> {
  const cache = await startDatabase('cache', options)
  try {
    const state = await startDatabase('state', options)
    return {
      cache,
      state,
      async close() {
        await Promise.all([cache.close(), state.close()])
      },
    }
  } catch (error) {
    await cache.close()
    throw error
  }
}

async function startDatabase(
  name: RedisDatabase,
  { tokens, redisUrl, faults = {} }: LocalRedisOptions,
): Promise<UpstashRest> {
  const own = faults[name]
  const backend = redisUrl ? await realBackend(redisUrl, name) : store(name, own !== undefined)
  return startUpstashRest({ token: tokens[name], backend, ...(own && { faults: own }) })
}

function store(name: RedisDatabase, remembersOld: boolean): RedisBackend {
  return memoryStore({ eviction: name === 'cache' ? 'allkeys-lru' : 'noeviction', remembersOld })
}

async function realBackend(redisUrl: string, name: RedisDatabase): Promise<RedisBackend> {
  // Loaded only when it is wanted: most starts do without.
  const { serverBackend } = await import('./server-backend.ts')
  return serverBackend(redisUrl, REDIS_DATABASES.indexOf(name))
}
