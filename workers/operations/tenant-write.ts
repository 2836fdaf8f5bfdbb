import { AppError } from '../../core/errors.ts'
import type { TenantId } from '../../core/ids.ts'
import type { Bookmark } from '../../core/log/bookmark.ts'
import type { OpDone } from '../../core/log/requests.ts'
import type { TenantCommand } from '../../core/tenant/requests.ts'
import type { Context } from '../context.ts'
import { commitIdentity } from './commit-ids.ts'
import { answerError, refusalError } from './refusals.ts'

/** What the caller of a write to the tenant's log is told beside its result. */
export type TenantWritten = {
  readonly replayed: boolean
  /** The place of the write in the tenant's own log. */
  readonly bookmark: Bookmark
}

/** Appends one command to a tenant's own log; throws an `AppError` when it is refused. */
export async function writeTenant(
  context: Omit<Context, 'access'>,
  log: { readonly tenantId: TenantId; readonly actor: string; readonly scope: string },
  command: TenantCommand,
): Promise<OpDone & TenantWritten> {
  const identity = await commitIdentity(context, log.scope)
  const answer = await context.services.commitTenant(
    { kind: 'tenant', tenantId: log.tenantId },
    { ...identity, actor: log.actor, requestId: context.requestId, command },
  )
  if (answer.status === 'refused') throw refusalError(answer.refusals, null, [])
  if (answer.status !== 'committed') throw answerError(answer)
  const [done] = answer.results
  if (!done || !('outcome' in done)) throw new AppError('internal', 'the log gave no outcome')
  const { seq, historyId, replayed } = answer
  const { tenantId } = log
  return { ...done, replayed, bookmark: { tenantId, logId: tenantId, historyId, seq } }
}
