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

/** Every binding of wrangler.toml and every secret. */
const schema = z.object({
  /** One object per log: a graph's or a tenant's. */
  GRAPH_LOG: z.custom<DurableObjectNamespace<GraphLog>>(
    (value) => typeof value === 'object' && value !== null,
    'the GRAPH_LOG Durable Object binding is missing',
  ),
  /** The API reference. The platform serves it before the worker; the local server through this. */
  ASSETS: z.custom<Fetcher>().optional(),
  /** Secret: connection string of the catalog database, as the role `tendril_app`. */
  TENDRIL_CATALOG_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** Secret: JSON array of `{"id", "url"}`, one per shard, as the role `tendril_app`. */
  TENDRIL_SHARDS: shards,
  /** Secret: at least 32 characters; signs access tokens. */
  TENDRIL_JWT_SECRET: z.string().min(32),
  /** Local stack only: where SQL over HTTP is served. Absent: Neon. */
  TENDRIL_SQL_ENDPOINT: z.url().optional(),
})

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
