import { z } from '@hono/zod-openapi'
import { readDashboard, readGraphStatistics } from '../../operations/dashboard.ts'
import { type App, endpoint, ok, problems, securedRoute } from '../endpoint.ts'
import { graphName, time } from '../schemas.ts'

const count = z.int()

const totals = {
  entities: count,
  relationships: count,
  types: count.openapi({ description: 'Types that are defined.' }),
  events: count,
  storage: z.object({
    record_bytes: count.openapi({
      description: 'UTF-8 bytes of names, external ids and properties.',
    }),
    log_bytes: count.openapi({ description: 'Bytes of what the log says of them, as stored.' }),
  }),
  uncounted_events: count.openapi({
    description: 'Events that are not counted yet: 0 says that the figures are of now.',
  }),
}

const namedCount = z.object({ type: z.string(), count, bytes: count })

const details = {
  entity_types: z.array(namedCount).openapi({ description: 'The 100 most frequent.' }),
  relationship_types: z.array(namedCount).openapi({ description: 'The 100 most frequent.' }),
  activity: z
    .array(
      z.object({
        hour: time,
        created: count,
        updated: count,
        deleted: count,
        other: count.openapi({ description: 'Events of types.' }),
      }),
    )
    .openapi({ description: 'Events of the last 24 hours, by the hour in which they happened.' }),
}

const statistics = z.object({ ...totals, ...details }).openapi('Statistics')

const dashboard = z
  .object({
    ...totals,
    ...details,
    graphs: z.array(z.object({ name: graphName, ...totals })),
  })
  .openapi('Dashboard')

export function dashboardRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/dashboard',
      tags: ['Statistics'],
      summary: 'Count what all graphs hold, and what happens in them',
      description: 'Kept up to date in the background: as fast for a billion records as for ten.',
      responses: { 200: ok(dashboard, 'The figures') },
    }),
    async (c) => c.json((await readDashboard(c.get('context'), null)) as never),
  )

  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: '/api/v1/graphs/{graph}/statistics',
      tags: ['Statistics'],
      summary: 'Count what a graph holds, and what happens in it',
      request: { params: z.object({ graph: graphName }) },
      responses: { 200: ok(statistics, 'The figures'), ...problems(404) },
    }),
    async (c) => c.json((await readGraphStatistics(c.get('context'), null)) as never),
  )
}
