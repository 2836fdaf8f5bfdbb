import { sql } from 'drizzle-orm'
import type { TenantId } from '../../core/ids.ts'
import type { Admission } from '../../core/tenant/requests.ts'
import type { Database } from '../client.ts'
import { isGoodInvitation } from '../commit/tenant-commands.ts'
import { runRead } from './snapshot.ts'

/** What a registration would find, from one snapshot. */
export type RegistrationOutlook = {
  /** The tenant is registered: by an earlier request with the same idempotency key. */
  readonly isRegistered: boolean
  readonly isEmailTaken: boolean
  /** Whether what admits it is still good. */
  readonly isAdmitted: boolean
}

/**
 * Looks before anything is written, so that a registration that would be refused leaves nothing
 * behind. The log decides all the same: of two at once, one is refused there.
 */
export async function registrationOutlook(
  catalog: Database,
  tenant: TenantId,
  email: string,
  admission: Admission,
): Promise<RegistrationOutlook> {
  const hash = admission.by === 'invitation' ? admission.hash : ''
  const [rows] = await runRead(() =>
    catalog.batchWith(
      {
        'tendril.tenant_id': tenant,
        'tendril.email': email,
        'tendril.invitation_hash': hash,
      },
      [
        sql`select
          exists (select from tenants where id = ${tenant}::uuid and state <> 'pending') as registered,
          exists (select from users where email = ${email}) as email_taken,
          tendril_is_set_up() as set_up, ${isGoodInvitation(hash, email)} as invited`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const row = rows?.[0]
  return {
    isRegistered: row?.registered === true,
    isEmailTaken: row?.email_taken === true,
    isAdmitted:
      admission.by === 'anybody' ||
      (admission.by === 'setup' ? row?.set_up === false : row?.invited === true),
  }
}
