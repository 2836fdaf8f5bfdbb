import { z } from 'zod'
import type { GraphLog } from './durable-objects/graph-log/object.ts'

const shard = z.object({
  id: z.string().regex(/^[a-z0-9-]{1,32}$/),
  url: z.url({ protocol: /^postgres(ql)?$/ }),
})

const shards = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text)
    } catch {
      context.addIssue({ code: 'custom', message: 'must be JSON' })
      return z.NEVER
    }
  })
  .pipe(z.array(shard).min(1))

type Redis = { readonly [name in `UPSTASH_REDIS_${string}`]?: string | undefined }

/** A URL without its token, or the other way round, is a mistake and no absent Redis. */
function redisInPairs(env: Redis, context: z.RefinementCtx<Redis>): void {
  for (const database of ['CACHE', 'STATE'] as const) {
    const names = [`UPSTASH_REDIS_${database}_URL`, `UPSTASH_REDIS_${database}_TOKEN`] as const
    const missing = names.filter((name) => env[name] === undefined)
    if (missing.length !== 1) continue
    const path = [...missing]
    context.addIssue({ code: 'custom', path, message: 'is missing, and its pair is there' })
  }
}

/** A binding that is an object of the platform's: all that can be told is whether it is there. */
function bound<T>(name: string): z.ZodCustom<T> {
  return z.custom<T>(
    (value) => typeof value === 'object' && value !== null,
    `the binding ${name} is missing`,
  )
}

/** What wrangler.toml binds. */
export const BINDINGS = {
  /** One object per log: a graph's or a tenant's. */
  GRAPH_LOG: z.custom<DurableObjectNamespace<GraphLog>>(
    (value) => typeof value === 'object' && value !== null,
    'the GRAPH_LOG Durable Object binding is missing',
  ),
  /** Pointers to new events of graphs, for the consumers; see queues/messages.ts. */
  LOG_QUEUE: bound<Queue>('LOG_QUEUE'),
  /** The same for what can wait: long catch-ups, retries and replays. */
  LOG_BACKLOG_QUEUE: bound<Queue>('LOG_BACKLOG_QUEUE'),
  /** Jobs that are to go on, one queue for each priority; see workers/jobs/messages.ts. */
  JOBS_HIGH_QUEUE: bound<Queue>('JOBS_HIGH_QUEUE'),
  JOBS_NORMAL_QUEUE: bound<Queue>('JOBS_NORMAL_QUEUE'),
  JOBS_LOW_QUEUE: bound<Queue>('JOBS_LOW_QUEUE'),
  /** Files of all tenants; keys begin with the tenant's id. */
  FILES: bound<R2Bucket>('FILES'),
  /** The API reference. The platform serves it before the worker; the local server through this. */
  ASSETS: z.custom<Fetcher>().optional(),
}

/** What [vars] of wrangler.toml sets. */
export const VARIABLES = {
  /**
   * Who may register: `open` everybody, `invite` whoever has an invitation, `closed` nobody. The first
   * owner may in any case, by TENDRIL_SETUP_SECRET. Default `closed`.
   */
  TENDRIL_REGISTRATION: z.enum(['closed', 'invite', 'open']).default('closed'),
  /**
   * Megabytes of topologies that an isolate keeps, of the 128 that it has for everything; graphs that
   * need more are searched in PostgreSQL, and with 0 all are. Default 64.
   */
  TENDRIL_TOPOLOGY_MB: z.coerce.number().int().min(0).max(4_096).default(64),
  /** Days for which graphs' logs are kept, 31 or more; `0`, the default: for ever. */
  TENDRIL_LOG_RETENTION_DAYS: z
    .string()
    .regex(/^\d{1,5}$/, 'must be a number of days, or 0')
    .default('0')
    .transform(Number)
    .refine((days) => days === 0 || days >= 31, 'must be 0 or at least 31'),
}

/** What is secret, and set on the account. */
export const SECRETS = {
  /** Connection string of the catalog database, as the role `tendril_app`. */
  TENDRIL_CATALOG_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** JSON array of `{"id", "url"}`, one per shard, as the role `tendril_app`. */
  TENDRIL_SHARDS: shards,
  /** At least 32 characters; signs access tokens. */
  TENDRIL_JWT_SECRET: z.string().min(32),
  /** At least 32 characters; registers the first owner, once. Absent or empty: nobody can. */
  TENDRIL_SETUP_SECRET: z.string().min(32).or(z.literal('')).optional(),
  /** Upstash Redis for caches, which may forget anything. Absent: that tier of the cache is absent. */
  UPSTASH_REDIS_CACHE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Its token; there or absent together with the URL. */
  UPSTASH_REDIS_CACHE_TOKEN: z.string().min(1).optional(),
  /** Upstash Redis without eviction, for what must not be forgotten. Absent: nothing is kept there. */
  UPSTASH_REDIS_STATE_URL: z.url({ protocol: /^https?$/ }).optional(),
  /** Its token; there or absent together with the URL. */
  UPSTASH_REDIS_STATE_TOKEN: z.string().min(1).optional(),
}

/** What only the local stack sets. */
export const LOCAL_VARIABLES = {
  /** Where SQL over HTTP is served. Absent: Neon. */
  TENDRIL_SQL_ENDPOINT: z.url().optional(),
}

const schema = z
  .object({ ...BINDINGS, ...VARIABLES, ...SECRETS, ...LOCAL_VARIABLES })
  .superRefine(redisInPairs)

export type Env = z.infer<typeof schema>

/** What the runtime hands over, before it is parsed. */
export type RawEnv = Readonly<Record<string, unknown>>

const parsed = new WeakMap<RawEnv, Env>()

/** Parses the bindings once per isolate. Throws an error that names each missing or malformed one. */
export function parseEnv(raw: RawEnv): Env {
  const known = parsed.get(raw)
  if (known) return known
  const result = schema.safeParse(raw)
  if (!result.success) {
    // Never the values: some are secrets.
    const problems = result.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new Error(`the environment is incomplete: ${problems.join('; ')}`)
  }
  parsed.set(raw, result.data)
  return result.data
}
