import { mayGrant, type Role } from '../../core/auth/permissions.ts'
import { AppError } from '../../core/errors.ts'
import { type ApiKey, getKey, listKeys } from '../../db/queries/tenant.ts'
import type { TenantContext } from '../context.ts'
import { apiKeyHint, hashApiKey, mintApiKey } from '../security/api-keys.ts'
import { tenantOperation } from './define.ts'
import { writeTenant } from './tenant-write.ts'

export const findKeys = tenantOperation(
  'keys.manage',
  (context, _input: null): Promise<ApiKey[]> =>
    listKeys(context.services.catalog, context.principal.tenantId),
)

type NewKey = { readonly name: string; readonly role: Role; readonly expiresAt: string | null }

/** A created key. `key`, the secret, is there once: a repeat of the request does not show it again. */
export type CreatedKey = ApiKey & { readonly key: string | null }

export const createKey = tenantOperation(
  'keys.manage',
  async (context, input: NewKey): Promise<{ value: CreatedKey; replayed: boolean }> => {
    if (!mayGrant(context.principal.role, input.role)) {
      throw new AppError('forbidden', `a key with the role ${input.role} would be above your own`)
    }
    const key = mintApiKey()
    const keyId = context.services.newId()
    const done = await writeTenant(context, ownLog(context), {
      action: 'create_key',
      keyId,
      ...input,
      hash: await hashApiKey(key),
      hint: apiKeyHint(key),
    })
    const { catalog } = context.services
    const stored = await getKey(catalog, context.principal.tenantId, done.id)
    if (!stored) throw new AppError('internal', 'a key was created but is not there')
    // The platform may call the log twice for one request: then the first answer is for our key.
    const isOurs = done.id === keyId
    return { value: { ...stored, key: isOurs ? key : null }, replayed: !isOurs }
  },
)

export const revokeKey = tenantOperation(
  'keys.manage',
  async (context, keyId: string): Promise<{ replayed: boolean }> =>
    writeTenant(context, ownLog(context), { action: 'revoke_key', keyId }),
)

export function ownLog({ principal }: TenantContext) {
  return { tenantId: principal.tenantId, actor: principal.actor, scope: principal.actor }
}
