import type { Role } from '../auth/permissions.ts'
import type { Origin } from '../log/requests.ts'

/**
 * Why somebody may register: because anybody may, by the setup secret of the installation, which is
 * good once, or by an invitation, named by the digest of its code.
 */
export type Admission =
  | { readonly by: 'anybody' }
  | { readonly by: 'setup' }
  | { readonly by: 'invitation'; readonly hash: string }

/** What a tenant's own log is asked to append. One command per request. */
export type TenantCommand =
  | {
      readonly action: 'register'
      readonly tenantName: string
      readonly userId: string
      readonly email: string
      readonly passwordHash: string
      readonly graphId: string
      readonly shardId: string
      readonly admission: Admission
    }
  | {
      readonly action: 'create_key'
      readonly keyId: string
      readonly name: string
      readonly hash: string
      readonly hint: string
      readonly role: Role
      /** RFC 3339; `null` never expires. */
      readonly expiresAt: string | null
    }
  | { readonly action: 'revoke_key'; readonly keyId: string }
  | {
      readonly action: 'create_graph'
      readonly graphId: string
      readonly name: string
      readonly shardId: string
    }
  | { readonly action: 'delete_graph'; readonly graphId: string }
  | {
      readonly action: 'create_invitation'
      readonly invitationId: string
      readonly hash: string
      /** The only address that it is good for, in lower case; `null`: any. */
      readonly email: string | null
      readonly expiresInSeconds: number
    }
  | { readonly action: 'revoke_invitation'; readonly invitationId: string }

export type TenantRequest = Origin & {
  readonly commitId: string
  readonly fingerprint: string
  readonly command: TenantCommand
}

/** The graph every tenant has from the start, and cannot lose. */
export const DEFAULT_GRAPH = 'default'
