import { z } from '@hono/zod-openapi'
import { eraseHistory, MAX_ERASED } from '../../operations/erase.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { graphAnswer } from '../respond.ts'
import { ALWAYS, externalId, graphName, id, text } from '../schemas.ts'

const erasure = z
  .strictObject({
    entities: z.array(id).max(MAX_ERASED).optional().openapi({ description: 'Ids of entities.' }),
    external_ids: z.array(externalId).max(MAX_ERASED).optional().openapi({
      description: 'External ids of entities. Every entity that ever had one is meant.',
    }),
    reason: text(500).optional().openapi({
      description: 'Stays in the log, as who erased it and when: name nobody in it.',
      example: 'request 4711',
    }),
  })
  .superRefine(({ entities, external_ids }, context) => {
    const count = (entities?.length ?? 0) + (external_ids?.length ?? 0)
    if (count < 1 || count > MAX_ERASED) {
      const message = `give 1 to ${MAX_ERASED} entities and external_ids`
      context.addIssue({ code: 'custom', message, path: [] })
    }
  }, ALWAYS)
  .openapi('NewErasure', {
    example: { entities: ['01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f'], reason: 'request 4711' },
  })

const erased = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      seq: z.int().openapi({ description: 'Of the event that says so.' }),
    }),
  ),
})

export function erasureRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: '/api/v1/graphs/{graph}/erasures',
      tags: ['Log'],
      summary: 'Erase what the log says of deleted entities',
      description:
        'Names, locations, properties and external ids of the entities and of the relationships they had are ' +
        'blanked in all events, for good. That there were such records, of which type, when, and who wrote them ' +
        'stays. What still exists is refused with `still_exists`.',
      request: {
        params: z.object({ graph: graphName }),
        headers: idempotencyKey,
        body: jsonBody(erasure),
      },
      responses: { 200: ok(erased, 'What was erased'), ...problems(404, 409) },
    }),
    async (c) => {
      const { entities = [], external_ids = [], reason = null } = c.req.valid('json')
      const input = { ids: entities, externalIds: external_ids, reason }
      return graphAnswer(c, await eraseHistory(c.get('context'), input))
    },
  )
}
