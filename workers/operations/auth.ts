import { AppError } from '../../core/errors.ts'
import { graphId, tenantId } from '../../core/ids.ts'
import { DEFAULT_GRAPH } from '../../core/tenant/requests.ts'
import { findLoginUser } from '../../db/queries/access.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import type { Context } from '../context.ts'
import { sha256Hex } from '../security/api-keys.ts'
import { hashPassword, verifyPassword } from '../security/passwords.ts'
import { ACCESS_TOKEN_SECONDS, signAccessToken } from '../security/tokens.ts'
import { admit, type Credit, digestOf, refuseEarly } from './admission.ts'
import { afterWrite } from './after-write.ts'
import { writeTenant } from './tenant-write.ts'

export type Session = {
  readonly access_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
  readonly tenant_id: string
  readonly user_id: string
}

type Registration = Credit & {
  readonly tenantName: string
  readonly email: string
  readonly password: string
}

export type Registered = Session & { readonly graph: string; readonly replayed: boolean }

/**
 * Makes a tenant, its owner and its first graph. Repeated with the same idempotency key it answers
 * for the same tenant: the ids are derived from the key. One that is refused leaves nothing behind.
 */
export async function register(context: Context, input: Registration): Promise<Registered> {
  const { services, idempotency } = context
  const admission = await admit(services.registration, input)
  const [tenant, user, graph] = await Promise.all(
    ['tenant', 'user', 'graph'].map((what) =>
      idempotency
        ? derivedId(JSON.stringify([what, input.email, idempotency.key]))
        : services.newId(),
    ),
  )
  if (!tenant || !user || !graph) throw new AppError('internal', 'no ids')
  await refuseEarly(services, tenantId(tenant), input.email, admission)
  const shardId = services.shardForNewGraph()
  await placeGraph(services.shard(shardId), tenantId(tenant), graphId(graph))
  // Not a digest of the whole request: it would be a fast hash of the password.
  const fingerprint = await sha256Hex(
    JSON.stringify([input.tenantName, input.email, ...digestOf(admission)]),
  )
  const done = await writeTenant(
    { ...context, idempotency: idempotency && { ...idempotency, fingerprint } },
    { tenantId: tenantId(tenant), actor: `user:${user}`, scope: input.email },
    {
      action: 'register',
      tenantName: input.tenantName,
      userId: user,
      email: input.email,
      passwordHash: await hashPassword(input.password),
      graphId: graph,
      shardId,
      admission,
    },
  )
  // A repeat proves nothing by its key: it needs the password that the first request set. And what was
  // committed under this key may be another request's, even where the log does not say `replayed`.
  const session = idempotency
    ? await afterWrite(() => login(context, { ...input, tenantId: tenant }))
    : await openSession(context, tenant, user)
  return { ...session, graph: DEFAULT_GRAPH, replayed: done.replayed }
}

type Credentials = {
  readonly email: string
  readonly password: string
  /** Which of the user's tenants; the first one joined when absent. */
  readonly tenantId: string | null
}

export async function login(context: Context, input: Credentials): Promise<Session> {
  const user = await findLoginUser(context.services.catalog, input.email)
  const isRight = await verifyPassword(input.password, user?.passwordHash ?? null)
  const membership = user?.memberships.find(
    (each) => input.tenantId === null || each.tenantId === input.tenantId,
  )
  if (!user || !isRight || !membership) {
    throw new AppError('unauthenticated', 'the e-mail address or the password is wrong')
  }
  return openSession(context, membership.tenantId, user.id)
}

async function openSession(
  { services }: Context,
  tenant: string,
  userId: string,
): Promise<Session> {
  const token = { userId, tenantId: tenantId(tenant) }
  return {
    access_token: await signAccessToken(services.jwtSecret, token, services.now()),
    token_type: 'Bearer',
    expires_in: ACCESS_TOKEN_SECONDS,
    tenant_id: tenant,
    user_id: userId,
  }
}

/** A UUID made from text (RFC 9562, version 8: our own scheme, SHA-256). */
async function derivedId(text: string): Promise<string> {
  const hex = await sha256Hex(text)
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return [
    hex.slice(0, 8),
    hex.slice(8, 12),
    `8${hex.slice(13, 16)}`,
    `${variant}${hex.slice(18, 20)}`,
    hex.slice(20, 32),
  ].join('-')
}
