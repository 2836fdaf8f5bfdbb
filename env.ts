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

/** What wrangler.toml binds. */
export const BINDINGS = {
  /** One object per log: a graph's or a tenant's. */
  GRAPH_LOG: z.custom<DurableObjectNamespace<GraphLog>>(
    (value) => typeof value === 'object' && value !== null,
    'the GRAPH_LOG Durable Object binding is missing',
  ),
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
}

/** What only the local stack sets. */
export const LOCAL_VARIABLES = {
  /** Where SQL over HTTP is served. Absent: Neon. */
  TENDRIL_SQL_ENDPOINT: z.url().optional(),
}

const schema = z.object({ ...BINDINGS, ...VARIABLES, ...SECRETS, ...LOCAL_VARIABLES })

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
