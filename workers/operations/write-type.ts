import { AppError } from '../../core/errors.ts'
import { isOfHistory } from '../../core/log/etag.ts'
import { type CommitAnswer, TYPE_IN_USE } from '../../core/log/requests.ts'
import type { TypeStep } from '../../core/types/change-type.ts'
import { findAnswer } from '../../db/queries/events.ts'
import { getType, type TypeName, type TypeWithTasks } from '../../db/queries/types.ts'
import type { GraphContext } from '../context.ts'
import { type CommitIdentity, commitIdentity } from './commit-ids.ts'
import { answerError, refusal, refusalError } from './refusals.ts'
import { forgetSchema } from './schema.ts'
import { typeRequest } from './type-request.ts'

/** What the types of a graph were when a change of one was decided. */
export type CurrentType = { readonly found: TypeWithTasks | null; readonly count: number }

export type WrittenType = {
  readonly seq: number
  readonly historyId: string
  /** Of the event that made the change; of the type as it is, when nothing had to change. */
  readonly version: number
  /** The type was not defined before. */
  readonly isNew: boolean
  readonly isReplayed: boolean
}

/** How often a change is decided anew because another type of the graph has changed meanwhile. */
const MAX_ATTEMPTS = 10

/**
 * Changes a type as `decide` says, which is given the type as it is and answers with the steps to try
 * (see `changeType`) or throws. A repeat of an earlier request gets its first answer, whatever
 * `decide` makes of the type by now.
 */
export async function writeType(
  context: GraphContext,
  name: TypeName,
  decide: (current: CurrentType) => readonly TypeStep[],
): Promise<WrittenType> {
  const { graph, principal, seenHistory, services } = context
  const identity = await commitIdentity(context, `${graph.graphId}|${principal.actor}`)
  for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
    const { value: current, ...at } = await getType(services.shard(graph.shardId), graph, name)
    let steps: readonly TypeStep[]
    try {
      if (seenHistory !== null && !isOfHistory(seenHistory, at.historyId)) {
        throw refusal({ op: 0, refused: 'version_mismatch' })
      }
      steps = decide(current)
    } catch (error) {
      const first = await firstAnswer(context, identity)
      if (first) return first
      throw error
    }
    if (steps.length === 0) {
      const version = current.found?.type.version ?? 0
      const unchanged = { ...at, version, isNew: false, isReplayed: false }
      return (await firstAnswer(context, identity)) ?? unchanged
    }
    const answer = await commitOneOf(context, identity, name, steps, current.schemaSeq)
    if (answer) return answer
  }
  throw answerError({ status: 'schema_moved', schemaSeq: 0 })
}

/** `null`: the types of the graph have changed since `schemaSeq`. */
async function commitOneOf(
  context: GraphContext,
  identity: CommitIdentity,
  { kind, name }: TypeName,
  steps: readonly TypeStep[],
  schemaSeq: number,
): Promise<WrittenType | null> {
  const { graph, principal, requestId, services } = context
  const origin = { actor: principal.actor, requestId }
  for (const change of steps) {
    const request = typeRequest({ identity, origin, kind, name, schemaSeq, change })
    const answer = await services.commit(graph, request)
    forgetSchema(context)
    if (answer.status === 'committed') return written(answer)
    if (answer.status === 'schema_moved') return null
    if (answer.status !== 'refused') throw answerError(answer)
    const isInUse = answer.refusals.every(({ refused }) => refused === TYPE_IN_USE)
    if (!isInUse) throw refusalError(answer.refusals, null, [])
  }
  throw new AppError('internal', 'no way to change a type that has records')
}

function written(answer: Extract<CommitAnswer, { status: 'committed' }>): WrittenType {
  const [done] = answer.results
  if (!done || !('outcome' in done))
    throw new AppError('internal', 'a change of a type has no outcome')
  return {
    seq: answer.seq,
    historyId: answer.historyId,
    version: done.version,
    isNew: done.outcome === 'created',
    isReplayed: answer.replayed,
  }
}

/** The answer that this request got before; `null` if it is new. */
async function firstAnswer(
  { graph, services, idempotency }: GraphContext,
  { commitId, fingerprint }: CommitIdentity,
): Promise<WrittenType | null> {
  if (!idempotency) return null
  const stored = await findAnswer(services.shard(graph.shardId), graph, commitId)
  if (!stored) return null
  if (stored.fingerprint !== fingerprint) throw answerError({ status: 'fingerprint_mismatch' })
  return written({ ...stored.answer, replayed: true })
}
