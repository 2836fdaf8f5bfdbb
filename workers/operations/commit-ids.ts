import type { Context } from '../context.ts'
import { sha256Hex } from '../security/api-keys.ts'

export type CommitIdentity = {
  readonly commitId: string
  readonly fingerprint: string
  /** Of the ETag in `If-Match` (H1); absent: there is none. */
  readonly seenHistory?: string
}

/**
 * The name of a request for good (C3): its idempotency key, scoped to whoever sent it and to the
 * route, or a new one minted before the log is called.
 */
export async function commitIdentity(
  context: Pick<Context, 'idempotency' | 'seenHistory' | 'services'>,
  scope: string,
): Promise<CommitIdentity> {
  const { idempotency, seenHistory, services } = context
  const seen = seenHistory === null ? {} : { seenHistory }
  if (!idempotency) return { commitId: services.newId(), fingerprint: '', ...seen }
  const commitId = await sha256Hex(JSON.stringify([scope, idempotency.route, idempotency.key]))
  return { commitId, fingerprint: idempotency.fingerprint, ...seen }
}
