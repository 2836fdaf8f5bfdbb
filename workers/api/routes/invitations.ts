import { z } from '@hono/zod-openapi'
import type { Sort } from '../../../core/log/list-query.ts'
import {
  createInvitation,
  findInvitations,
  revokeInvitation,
} from '../../operations/invitations.ts'
import { listCursor, parseListCursor } from '../cursors.ts'
import {
  type App,
  endpoint,
  idempotencyKey,
  jsonBody,
  ok,
  problems,
  securedRoute,
} from '../endpoint.ts'
import { finish, readInteger, readParams } from '../list-params.ts'
import { linkNext } from '../respond.ts'
import { id, listOf, time } from '../schemas.ts'
import { email } from './account-fields.ts'

const DAY_SECONDS = 86_400
const DEFAULT_EXPIRES_IN_SECONDS = 7 * DAY_SECONDS
/** An invitation is for somebody who is waiting for it: one that lies about is a risk. */
const MAX_EXPIRES_IN_SECONDS = 90 * DAY_SECONDS
const MIN_EXPIRES_IN_SECONDS = 60

const DEFAULT_LIMIT = 50
const MAX_LIMIT = 1_000
const NEWEST_FIRST: Sort = { by: 'id', descending: true }

const invitation = z
  .object({
    id: z.string(),
    email: z.string().nullable().openapi({ description: 'The only address it is good for.' }),
    created_by: z.string(),
    created_at: time,
    expires_at: time,
    used_at: time.nullable(),
    used_by: z.string().nullable().openapi({ description: 'The tenant registered with it.' }),
    revoked_at: time.nullable(),
  })
  .openapi('Invitation')

const newInvitation = z
  .strictObject({
    email: email.optional(),
    expires_in: z
      .int()
      .min(MIN_EXPIRES_IN_SECONDS)
      .max(MAX_EXPIRES_IN_SECONDS)
      .default(DEFAULT_EXPIRES_IN_SECONDS)
      .openapi({ description: 'Seconds; a week when absent.' }),
  })
  .openapi('NewInvitation', { example: { email: 'ada@example.com' } })

const base = '/api/v1/invitations'
const tags = ['Invitations']

/** For the operator's tenant only, see core/auth/permissions.ts. */
export function invitationRoutes(app: App): void {
  endpoint(
    app,
    securedRoute({
      method: 'get',
      path: base,
      tags,
      summary: 'List invitations',
      request: {
        query: z.object({
          limit: z
            .string()
            .optional()
            .openapi({ description: `1 to ${MAX_LIMIT}.` }),
          cursor: z.string().optional().openapi({ description: 'Where an earlier page ended.' }),
        }),
      },
      responses: {
        200: ok(listOf(invitation), 'A page, newest first; used and revoked ones included'),
        ...problems(400),
      },
    }),
    async (c) => {
      const params = readParams(new URL(c.req.url).searchParams, ['limit', 'cursor'])
      const limit = readInteger(params, 'limit', DEFAULT_LIMIT, 1, MAX_LIMIT)
      finish(params)
      const cursor = params.params.get('cursor')
      const after = cursor === null ? null : parseListCursor(cursor, NEWEST_FIRST).id
      const page = await findInvitations(c.get('context'), { limit, after })
      const next = page.next && listCursor(NEWEST_FIRST, { value: page.next, id: page.next })
      linkNext(c, next)
      return c.json({ items: page.items, next } as never)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'post',
      path: base,
      tags,
      summary: 'Invite somebody to register',
      description:
        'The code is shown once, in this answer; a repeated request shows null in its place. It is ' +
        'good for one registration. Only owners and admins of the operator’s tenant may invite.',
      request: { headers: idempotencyKey, body: jsonBody(newInvitation) },
      responses: {
        201: ok(invitation.extend({ code: z.string().nullable() }), 'The invitation'),
      },
    }),
    async (c) => {
      const { email: address = null, expires_in: expiresInSeconds } = c.req.valid('json')
      const { value, replayed } = await createInvitation(c.get('context'), {
        email: address,
        expiresInSeconds,
      })
      if (replayed) c.header('idempotency-replayed', 'true')
      c.header('location', `${base}/${value.id}`)
      return c.json(value as never, 201)
    },
  )

  endpoint(
    app,
    securedRoute({
      method: 'delete',
      path: `${base}/{id}`,
      tags,
      summary: 'Revoke an invitation that is not used',
      request: { params: z.object({ id }), headers: idempotencyKey },
      responses: { 204: { description: 'Revoked' }, ...problems(404) },
    }),
    async (c) => {
      const { replayed } = await revokeInvitation(c.get('context'), c.req.valid('param').id)
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.body(null, 204)
    },
  )
}
