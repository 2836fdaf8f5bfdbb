import { AppError } from '../../core/errors.ts'
import { getInvitation, type Invitation, listInvitations } from '../../db/queries/invitations.ts'
import { hashInvitationCode, mintInvitationCode } from '../security/invitation-codes.ts'
import { afterWrite } from './after-write.ts'
import { tenantOperation } from './define.ts'
import { ownLog } from './keys.ts'
import { writeTenant } from './tenant-write.ts'

type Page = { readonly limit: number; readonly after: string | null }

/** A page of invitations, newest first; `next` is the id after which the list goes on. */
export const findInvitations = tenantOperation(
  'invitations.manage',
  async ({ services, principal }, { limit, after }: Page) => {
    const found = await listInvitations(services.catalog, principal.tenantId, limit + 1, after)
    const items = found.slice(0, limit)
    const next = found.length > limit ? (items.at(-1)?.id ?? null) : null
    return { items, next }
  },
)

type NewInvitation = { readonly email: string | null; readonly expiresInSeconds: number }

/** `code` is there once: a repeat of the request does not show it again. */
export type CreatedInvitation = Invitation & { readonly code: string | null }

export const createInvitation = tenantOperation(
  'invitations.manage',
  async (
    context,
    { email, expiresInSeconds }: NewInvitation,
  ): Promise<{ value: CreatedInvitation; replayed: boolean }> => {
    const { principal, services } = context
    const code = mintInvitationCode()
    const invitationId = services.newId()
    const done = await writeTenant(context, ownLog(context), {
      action: 'create_invitation',
      invitationId,
      hash: await hashInvitationCode(code),
      email,
      expiresInSeconds,
    })
    // The platform may call the log twice for one request: then the first answer is for our code.
    if (done.id !== invitationId) {
      const stored = await afterWrite(() =>
        getInvitation(services.catalog, principal.tenantId, done.id),
      )
      if (!stored) throw new AppError('internal', 'an invitation was created but is not there')
      return { value: { ...stored, code: null }, replayed: true }
    }
    // Not read back: were that to fail, the code would be lost.
    const value = {
      id: invitationId,
      email,
      created_by: principal.actor,
      created_at: done.createdAt,
      expires_at: new Date(Date.parse(done.createdAt) + expiresInSeconds * 1_000).toISOString(),
      used_at: null,
      used_by: null,
      revoked_at: null,
      code,
    }
    return { value, replayed: false }
  },
)

export const revokeInvitation = tenantOperation(
  'invitations.manage',
  async (context, invitationId: string): Promise<{ replayed: boolean }> =>
    writeTenant(context, ownLog(context), { action: 'revoke_invitation', invitationId }),
)
