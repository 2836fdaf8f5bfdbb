import type { SQL } from 'drizzle-orm'
import { AppError, notFound } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { DatabaseError, unavailable } from '../../db/client.ts'
import { CHECKPOINT_MOVED } from '../../db/queries/checkpoints.ts'
import { findOnce, NO_SUCH_ROW, type Once, runOnce } from '../../db/queries/once.ts'
import { CANNOT_REPLAY } from '../../db/queries/replays.ts'
import type { TenantContext } from '../context.ts'
import { commitIdentity } from './commit-ids.ts'

/** What is done to rows that the log knows nothing of, once per request. */
type Change<Answer> = {
  /** What may not be there: as an error tells it. */
  readonly what: string
  /** Tells apart what one request does several times. Default: nothing to tell. */
  readonly part?: string
  /** Called unless the request was made before. */
  readonly prepare: () => Promise<{
    readonly answer: Answer
    readonly statements: readonly SQL[]
  }>
}

/** Carries out a change of a graph's background work, or gives the first answer again. */
export async function changeOnce<Answer extends Json>(
  context: Pick<TenantContext, 'services' | 'principal' | 'idempotency' | 'seenHistory'>,
  graph: GraphAddress,
  { what, part = '', prepare }: Change<Answer>,
): Promise<Once<Answer>> {
  const shard = context.services.shard(graph.shardId)
  const identity = await commitIdentity(context, context.principal.actor + part)
  // Only who sends a key can have sent it before.
  const known = context.idempotency ? await findOnce<Answer>(shard, graph, identity) : null
  if (known) return known
  try {
    const { answer, statements } = await prepare()
    return await runOnce(shard, graph, identity, answer, statements)
  } catch (error) {
    // A rival with the same key may have been faster, and what it was about is gone with it.
    const late = context.idempotency ? await findOnce<Answer>(shard, graph, identity) : null
    if (late) return late
    throw refused(error, what)
  }
}

function refused(error: unknown, what: string): unknown {
  if (!(error instanceof DatabaseError)) return error
  switch (error.sqlState) {
    case NO_SUCH_ROW:
      return notFound(what)
    case CHECKPOINT_MOVED:
      return new AppError('conflict', 'the consumer has moved on in the meantime: try again')
    case CANNOT_REPLAY:
      return new AppError(
        'conflict',
        'the consumer has not begun with this graph yet, or is already being rebuilt',
      )
    default:
      return error.certain ? error : unavailable(error)
  }
}
