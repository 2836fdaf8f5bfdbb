import { AppError } from '../../core/errors.ts'
import type { Command } from '../../core/log/commands.ts'
import type { Folded } from '../../core/log/fold.ts'
import {
  type CommitAnswer,
  type OpRefused,
  type RefusalCode,
  TYPE_IN_USE,
} from '../../core/log/requests.ts'

/** What a caller is told about each reason the log may refuse for. */
const MESSAGES: Readonly<Record<Exclude<RefusalCode, typeof TYPE_IN_USE>, string>> = {
  id_taken: 'a record with this id exists',
  external_id_taken: 'a record with this external_id exists',
  type_mismatch: 'the record has another type, and a type never changes',
  ends_mismatch: 'the relationship has other ends, and the ends never change',
  from_not_found: 'the entity that the relationship comes from does not exist',
  to_not_found: 'the entity that the relationship goes to does not exist',
  not_found: 'this record does not exist',
  version_mismatch: 'the record has changed since the version named',
  too_many_relationships:
    'the deletion, with those before it in this request, would take more than 10,000 relationships along: delete those first, in batches, or fewer entities at once',
  still_exists: 'the entity exists: delete it before its history is erased',
  email_taken: 'an account with this e-mail address exists',
  name_taken: 'this name is taken',
  last_graph: 'the default graph cannot be deleted',
  // The same whether it never existed, is used, revoked, expired, or somebody else's: see registration.
  registration_refused: 'the invitation or setup secret is not valid',
}

/** The reason for one command, as an error. */
export function refusal({ refused, version }: OpRefused): AppError {
  if (refused === TYPE_IN_USE)
    return new AppError('internal', 'an operation let a type in use pass')
  const now = refused === 'version_mismatch' && version ? `; it is at version ${version} now` : ''
  return new AppError(refused, MESSAGES[refused] + now)
}

/** The first refusal, and in a batch all of them with their commands. */
export function refusalError(
  refusals: readonly OpRefused[],
  folded: Folded | null,
  commands: readonly Command[],
): AppError {
  const [first] = refusals
  if (!first) return new AppError('internal', 'refused without a reason')
  const error = refusal(first)
  if (commands.length <= 1) return error
  const commandOf = (op: number) => folded?.commands.indexOf(op) ?? op
  return new AppError(error.code, `command ${commandOf(first.op)}: ${error.message}`, {
    command: commandOf(first.op),
    errors: refusals.map((each) => ({
      pointer: `/commands/${commandOf(each.op)}`,
      message: refusal(each).message,
    })),
  })
}

/** Every answer but success and refusal. */
export function answerError(
  answer: Exclude<CommitAnswer, { status: 'committed' } | { status: 'refused' }>,
): AppError {
  switch (answer.status) {
    case 'fingerprint_mismatch':
      return new AppError(
        'idempotency_mismatch',
        'this Idempotency-Key was used for another request',
      )
    case 'no_such_log':
      return new AppError('not_found', 'this graph does not exist')
    case 'schema_moved':
      return new AppError('unavailable', 'the types of the graph are changing', {
        retryAfterSeconds: 1,
      })
    case 'not_committed':
      return new AppError('unavailable', 'nothing was written: the database is not available', {
        retryAfterSeconds: 1,
        context: { reason: answer.reason },
      })
    case 'outcome_unknown':
      return new AppError(
        'outcome_unknown',
        'the write may or may not have been made; with an Idempotency-Key a repeat tells',
        { retryAfterSeconds: 1, context: { reason: answer.reason } },
      )
  }
}
