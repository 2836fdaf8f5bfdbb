import { mayGrant, type Role } from '../../core/auth/permissions.ts'
import { AppError } from '../../core/errors.ts'
import { type ApiKey, getKey, listKeys } from '../../db/queries/tenant.ts'
import type { TenantContext } from '../context.ts'
import { apiKeyHint, hashApiKey, mintApiKey } from '../security/api-keys.ts'
import { afterWrite } from './after-write.ts'
import { tenantOperation } from './define.ts'
import { readTenantValue, type WholeList, whole } from './read-tenant.ts'
import type { Answer, NotModified } from './records.ts'
import { type TenantWritten, writeTenant } from './tenant-write.ts'

export const findKeys = tenantOperation(
  'keys.manage',
  (context, _input: null): Promise<Answer<WholeList<ApiKey>> | NotModified> =>
    readTenantValue(context, {
      ...{ name: 'keys', tags: ['t:key'] },
      load: () => whole(listKeys(context.services.catalog, context.principal.tenantId)),
    }),
)

type NewKey = {
  readonly name: string
  readonly role: Role
  /** RFC 3339 in UTC, with milliseconds. */
  readonly expiresAt: string | null
}

/** A created key. `key`, the secret, is there once: a repeat of the request does not show it again. */
export type CreatedKey = ApiKey & { readonly key: string | null }

export const createKey = tenantOperation(
  'keys.manage',
  async (context, input: NewKey): Promise<TenantWritten & { value: CreatedKey }> => {
    if (!mayGrant(context.principal.role, input.role)) {
      throw new AppError('forbidden', `a key with the role ${input.role} would be above your own`)
    }
    const { principal, services } = context
    const key = mintApiKey()
    const keyId = services.newId()
    const hint = apiKeyHint(key)
    const hash = await hashApiKey(key)
    const done = await writeTenant(context, ownLog(context), {
      ...{ action: 'create_key', keyId, hash, hint },
      ...input,
    })
    // The platform may call the log twice for one request: then the first answer is for our key.
    if (done.id !== keyId) {
      const stored = await afterWrite(() => getKey(services.catalog, principal.tenantId, done.id))
      if (!stored) throw new AppError('internal', 'a key was created but is not there')
      return { value: { ...stored, key: null }, replayed: true, bookmark: done.bookmark }
    }
    // Not read back: were that to fail, the secret would be lost.
    const value = {
      id: keyId,
      name: input.name,
      hint,
      role: input.role,
      created_by: principal.actor,
      created_at: done.createdAt,
      expires_at: input.expiresAt,
      revoked_at: null,
      key,
    }
    return { value, replayed: false, bookmark: done.bookmark }
  },
)

export const revokeKey = tenantOperation(
  'keys.manage',
  async (context, keyId: string): Promise<TenantWritten> =>
    writeTenant(context, ownLog(context), { action: 'revoke_key', keyId }),
)

export function ownLog({ principal }: TenantContext) {
  return { tenantId: principal.tenantId, actor: principal.actor, scope: principal.actor }
}
