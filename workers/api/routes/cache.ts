import { z } from '@hono/zod-openapi'
import { MAX_HOURS } from '../../cache-ledger.ts'
import { readCacheStatistics } from '../../operations/cache-statistics.ts'
import { type App, endpoint, ok, problems, searchParams, securedRoute } from '../endpoint.ts'
import { finish, readInteger, readParams } from '../list-params.ts'

const tags = ['Cache']

const ofTier = z.object({ hits: z.int(), misses: z.int(), outdated: z.int() })
const ofLoads = z.object({
  loads: z.int(),
  joined: z.int(),
  lease_waits: z.int(),
  evictions: z.int(),
})

const statistics = z
  .object({
    scope: z.enum(['deployment', 'isolate']).openapi({
      description: 'Whether all isolates were counted, or, without Redis, the one that answers.',
    }),
    from: z.string().nullable().openapi({
      description: 'Since when; null: since the isolate that answers began.',
    }),
    reads: z.int(),
    hit_rate: z.number().nullable().openapi({ description: 'Share of reads without database.' }),
    loads: z.int(),
    loads_saved: z.int(),
    tiers: z.record(
      z.string(),
      ofTier.extend({ failures: z.int(), kinds: z.record(z.string(), ofTier) }),
    ),
    kinds: z.record(z.string(), ofLoads),
    memory: z.record(z.string(), z.object({ values: z.int(), bytes: z.int() })).openapi({
      description: 'What the isolate that answers holds of the tenant, by kind.',
    }),
  })
  .openapi('CacheStatistics')

export function cacheRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/cache/statistics',
      tags,
      summary: 'What the cache does for the tenant',
      description:
        'Counts of the tenant’s own reads, permission checks (kind `access`) included. Isolates add theirs ' +
        'every ten seconds while they have requests.',
      request: {
        query: z.object({
          hours: z
            .string()
            .optional()
            .openapi({
              description: `How many hours, the one under way included: 1 to ${MAX_HOURS}, default ${MAX_HOURS}.`,
              example: '24',
            }),
        }),
      },
      responses: { 200: ok(statistics, 'Counts by tier and kind'), ...problems(400) },
    }),
    async (c) => {
      const reader = readParams(searchParams(c), ['hours'])
      const hours = readInteger(reader, 'hours', MAX_HOURS, 1, MAX_HOURS)
      finish(reader)
      return c.json((await readCacheStatistics(c.get('context'), { hours })) as never)
    },
  )
}
