import { AppError } from '../../core/errors.ts'
import type { ErasedRef, GraphRequest, OpRefused } from '../../core/log/requests.ts'
import { eraseRest } from '../../db/commit/erase-statement.ts'
import { afterWrite } from './after-write.ts'
import { commitIdentity } from './commit-ids.ts'
import { graphOperation } from './define.ts'
import { type Answer, bookmarkOf, shardOf } from './records.ts'
import { answerError, refusal } from './refusals.ts'

/** Entities that one request may name. */
export const MAX_ERASED = 100

export type ErasureInput = {
  readonly ids: readonly string[]
  readonly externalIds: readonly string[]
  /** Kept in the log. */
  readonly reason: string | null
}

/** What was erased: each entity, and the seq of the event that says so. */
export type Erased = { readonly items: readonly { readonly id: string; readonly seq: number }[] }

/**
 * Blanks what the log says of deleted entities and of the relationships they had. Answers once all of it
 * is blank; what broke off is finished by a repeat of the request, or by the sweep.
 */
export const eraseHistory = graphOperation(
  'history.erase',
  async (context, { ids, externalIds, reason }: ErasureInput): Promise<Answer<Erased>> => {
    const { graph, principal, requestId, services } = context
    const refs: readonly ErasedRef[] = [
      ...ids.map((id, op) => ({ op, id })),
      ...externalIds.map((externalId, i) => ({ op: ids.length + i, externalId })),
    ]
    const request: GraphRequest = {
      ...(await commitIdentity(context, `${graph.graphId}|${principal.actor}`)),
      ...{ actor: principal.actor, requestId, atomic: true, schemaSeq: 0 },
      ...{ entities: [], relationships: [], types: [], erase: { refs, reason } },
    }
    const answer = await services.commit(graph, request)
    if (answer.status === 'refused') throw refused(answer.refusals, ids.length)
    if (answer.status !== 'committed') throw answerError(answer)
    const items = answer.results.flatMap((done) =>
      'outcome' in done ? [{ id: done.id, seq: done.version }] : [],
    )
    const seq = Math.min(...items.map((item) => item.seq))
    const rest = { seq, ids: items.map(({ id }) => id) }
    await afterWrite(() => eraseRest(shardOf(context), graph, rest))
    const { replayed } = answer
    return { value: { items }, bookmark: bookmarkOf(context, answer), replayed }
  },
)

/** Names all that stand in the way by their place in the request. */
function refused(refusals: readonly OpRefused[], ids: number): AppError {
  const [first] = refusals
  if (!first) return new AppError('internal', 'refused without a reason')
  const { code, message } = refusal(first)
  const errors = refusals.map((each) => ({
    pointer: each.op < ids ? `/entities/${each.op}` : `/external_ids/${each.op - ids}`,
    message: messageOf(each),
  }))
  return new AppError(code, code === 'not_found' ? messageOf(first) : message, { errors })
}

function messageOf(each: OpRefused): string {
  return each.refused === 'not_found'
    ? 'the log knows of no such entity that was deleted'
    : refusal(each).message
}
