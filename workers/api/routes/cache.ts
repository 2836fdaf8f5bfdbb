import { z } from '@hono/zod-openapi'
import { encodeBookmark, MAX_BOOKMARKS } from '../../../core/log/bookmark.ts'
import { EVERYTHING } from '../../../core/log/tags.ts'
import { DEFAULT_GRAPH } from '../../../core/tenant/requests.ts'
import { MAX_HOURS } from '../../cache-ledger.ts'
import { readCacheStatistics } from '../../operations/cache-statistics.ts'
import { purgeCache, tagOfKey } from '../../operations/purge-cache.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  searchParams,
  securedRoute,
} from '../endpoint.ts'
import { finish, readInteger, readParams } from '../list-params.ts'
import { graphName, typeName } from '../schemas.ts'

const tags = ['Cache']

const name = z.string().min(1).max(512)

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

const purge = z
  .strictObject({
    graph: graphName.optional().openapi({ description: 'Default: `default`.' }),
    tenant: z.literal(true).optional().openapi({ description: 'Every graph of the tenant.' }),
    key: name.optional().openapi({
      description:
        '`entity:<id>`, `relationship:<id>` (or `x:<external id>` for the id), `neighbors:<id>`, `derived:<key>`.',
    }),
    type: typeName.optional().openapi({
      description: 'Lists and searches of a type. Its records one by one are purged by key.',
    }),
    tag: name.optional().openapi({
      description:
        'Whatever depends on it: `e:<id>`, `x:<external id>`, `n:<id>`, `t:<type>`, `g`.',
    }),
  })
  .refine(
    ({ key, type, tag }) => [key, type, tag].filter((each) => each !== undefined).length <= 1,
    'give one of key, type and tag, or none for all of the graph',
  )
  .refine(({ tenant, graph }) => !(tenant && graph), 'give either graph or tenant')
  .openapi('CachePurge', { example: { graph: 'default', type: 'airport' } })

export function cacheRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/cache/purge',
      tags,
      summary: 'Have cached values read anew, everywhere',
      description:
        'Nothing needs it to be correct: what changes is never served old. All isolates heed it within a second, ' +
        'or at once when they are sent the `Tendril-Bookmark` of the answer.',
      request: { headers: idempotencyKey, body: jsonBody(purge) },
      responses: {
        200: ok(z.object({ graphs: z.array(graphName) }), 'The graphs purged'),
        ...problems(404, 409),
      },
    }),
    async (c) => {
      const { graph = DEFAULT_GRAPH, tenant, key, type, tag } = c.req.valid('json')
      const { graphs, bookmarks, replayed } = await purgeCache(c.get('context'), {
        graph: tenant ? null : graph,
        tag: key ? tagOfKey(key) : type ? `t:${type}` : (tag ?? EVERYTHING),
      })
      const seen = bookmarks.slice(0, MAX_BOOKMARKS).map(encodeBookmark).join(', ')
      if (seen) c.header('tendril-bookmark', seen)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.json({ graphs } as never)
    },
  )

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
