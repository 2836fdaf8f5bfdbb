import { createRoute, z } from '@hono/zod-openapi'
import { readiness } from '../../operations/health.ts'
import { complete } from '../answer-headers.ts'
import { type App, endpoint } from '../endpoint.ts'

const check = z.object({
  status: z.enum(['ok', 'degraded', 'down']),
  reason: z.string().optional(),
})
const report = z
  .object({ status: z.enum(['ok', 'degraded', 'down']), checks: z.record(z.string(), check) })
  .openapi('Readiness')

const content = { 'application/json': { schema: report } }

export function healthRoutes(app: App): void {
  // Of nothing but itself: not even its bindings are looked at.
  app.openapi(
    createRoute({
      method: 'get',
      path: '/health',
      tags: ['Health'],
      summary: 'Whether the worker is alive',
      responses: {
        200: {
          description: 'Alive',
          content: { 'application/json': { schema: z.object({ status: z.literal('ok') }) } },
        },
      },
    }),
    (c) => complete(c, c.json({ status: 'ok' })) as never,
  )

  endpoint(
    app,
    createRoute({
      method: 'get',
      path: '/health/ready',
      tags: ['Health'],
      summary: 'Whether each part works',
      responses: {
        200: { description: 'Ready, perhaps degraded', content },
        503: { description: 'A part without which nothing works is down', content },
      },
    }),
    async (c) => {
      const ready = await readiness(c.get('context').services)
      return c.json(ready as never, ready.status === 'down' ? 503 : 200)
    },
  )
}
