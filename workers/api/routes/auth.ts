import { createRoute, z } from '@hono/zod-openapi'
import { login, register } from '../../operations/auth.ts'
import { type App, endpoint, idempotencyKey, jsonBody, ok, problems } from '../endpoint.ts'
import { ALWAYS, id } from '../schemas.ts'
import { email, label } from './account-fields.ts'

const password = z.string().min(10).max(256).openapi({ example: 'correct horse battery staple' })

/** What admits somebody; its form is not told apart from its being wrong. */
const credit = z.string().min(1).max(1_000)

function checkCredit(
  body: { setup_secret?: string | undefined; invitation?: string | undefined },
  context: z.RefinementCtx,
): void {
  if (body.setup_secret === undefined || body.invitation === undefined) return
  context.addIssue({
    code: 'custom',
    message: 'cannot come with a setup_secret',
    path: ['invitation'],
  })
}

const registration = z
  .strictObject({
    tenant_name: label,
    email,
    password,
    setup_secret: credit.optional().openapi({
      description: 'The setup secret of the installation: makes its first owner, once.',
    }),
    invitation: credit.optional().openapi({
      description: 'The code of an invitation; needed where registration is by invitation.',
    }),
  })
  .superRefine(checkCredit, ALWAYS)
  .openapi('Registration', {
    example: {
      tenant_name: 'Analytical Engines',
      email: 'ada@example.com',
      password: 'correct horse battery staple',
    },
  })

const credentials = z
  .strictObject({ email, password: z.string().min(1).max(256), tenant_id: id.optional() })
  .openapi('Credentials')

const session = z
  .object({
    access_token: z.string(),
    token_type: z.literal('Bearer'),
    expires_in: z.int().openapi({ description: 'Seconds.' }),
    tenant_id: z.string(),
    user_id: z.string(),
  })
  .openapi('Session')

const REFUSED =
  'Registration is closed (registration_closed), or what was shown is not good (registration_refused)'

export function authRoutes(app: App): void {
  endpoint(
    app,
    createRoute({
      method: 'post',
      path: '/api/v1/auth/register',
      tags: ['Accounts'],
      summary: 'Make a tenant and its owner',
      description: 'Open to everybody, by invitation, or closed, as the installation is set.',
      request: { headers: idempotencyKey, body: jsonBody(registration) },
      responses: {
        201: ok(session.extend({ graph: z.string() }), 'The owner is logged in'),
        ...problems(400, 401, 409, 413, 415, 422, 503),
        403: { ...problems(403)[403], description: REFUSED },
      },
    }),
    async (c) => {
      const {
        tenant_name: tenantName,
        setup_secret: setupSecret = null,
        invitation = null,
        ...input
      } = c.req.valid('json')
      const { replayed, ...value } = await register(c.get('context'), {
        ...{ tenantName, setupSecret, invitation },
        ...input,
      })
      if (replayed) c.header('idempotency-replayed', 'true')
      return c.json(value as never, 201)
    },
  )

  endpoint(
    app,
    createRoute({
      method: 'post',
      path: '/api/v1/auth/login',
      tags: ['Accounts'],
      summary: 'Get an access token',
      request: { body: jsonBody(credentials) },
      responses: { 200: ok(session, 'An access token'), ...problems(400, 401, 413, 415, 422, 503) },
    }),
    async (c) => {
      const { tenant_id: tenantId = null, ...input } = c.req.valid('json')
      return c.json((await login(c.get('context'), { ...input, tenantId })) as never)
    },
  )
}
