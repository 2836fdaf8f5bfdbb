import { AppError } from '../../core/errors.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Admission } from '../../core/tenant/requests.ts'
import { registrationOutlook } from '../../db/queries/registration.ts'
import { hashInvitationCode, isInvitationCode } from '../security/invitation-codes.ts'
import { sameSecret } from '../security/same-secret.ts'
import type { Registration, Services } from '../services.ts'
import { refusal } from './refusals.ts'

/** What somebody shows who wants to register; `null`: nothing of that kind. */
export type Credit = {
  readonly setupSecret: string | null
  readonly invitation: string | null
}

/**
 * Why this registration may be tried. What is shown counts whatever the mode, but for an invitation
 * where registration is closed. Whoever shows something that is not good is told no more than that.
 */
export async function admit(registration: Registration, shown: Credit): Promise<Admission> {
  const { mode, setupSecret } = registration
  if (shown.setupSecret !== null) {
    const isRight = await sameSecret(shown.setupSecret, setupSecret ?? '')
    if (setupSecret === null || !isRight) throw notAdmitted()
    return { by: 'setup' }
  }
  if (shown.invitation !== null && mode !== 'closed') {
    if (!isInvitationCode(shown.invitation)) throw notAdmitted()
    return { by: 'invitation', hash: await hashInvitationCode(shown.invitation) }
  }
  switch (mode) {
    case 'open':
      return { by: 'anybody' }
    case 'invite':
      throw new AppError('registration_closed', 'registration needs an invitation')
    case 'closed':
      throw new AppError('registration_closed', 'registration is closed here')
  }
}

/**
 * Refuses what the log would refuse, before anything is written. A tenant that is there already was
 * made by an earlier request with the same idempotency key: then the log gives its first answer.
 */
export async function refuseEarly(
  { catalog }: Pick<Services, 'catalog'>,
  tenant: TenantId,
  email: string,
  admission: Admission,
): Promise<void> {
  const outlook = await registrationOutlook(catalog, tenant, email, admission)
  if (outlook.isRegistered) return
  if (!outlook.isAdmitted) throw notAdmitted()
  if (outlook.isEmailTaken) throw refusal({ op: 0, refused: 'email_taken' })
}

/** Part of what a request is: the same idempotency key with another invitation is a mistake. */
export function digestOf(admission: Admission): string[] {
  return admission.by === 'invitation' ? [admission.hash] : []
}

function notAdmitted(): AppError {
  return refusal({ op: 0, refused: 'registration_refused' })
}
