import { PoisonEvent } from '../core/log/parse-event.ts'
import { DatabaseError } from '../db/client.ts'
import { CHECKPOINT_MOVED } from '../db/queries/checkpoints.ts'

/**
 * What to do about a failure.
 * - `overtaken`: another run has moved the checkpoint. Read again; nothing is wrong.
 * - `database`: it did not answer. Try again later, however long it takes.
 * - `fault`: it refused a statement, whatever the events are: a deadlock, or a statement that is wrong. Try
 *   again later; nothing is parked, or a bad release would park every event there is.
 * - `poison`: some event of the page will never be taken. Park it.
 * - `effect`: the consumer's own work failed. Try again; park the event after many attempts.
 */
export type FailureClass = 'overtaken' | 'database' | 'fault' | 'poison' | 'effect'

/** A consumer throws it where another attempt would be no better. */
export class PermanentFailure extends Error {
  constructor(reason: string, options: { readonly cause?: unknown } = {}) {
    super(reason, options)
    this.name = 'PermanentFailure'
  }
}

export function classOf(error: unknown): FailureClass {
  if (error instanceof DatabaseError) {
    if (!error.certain) return 'database'
    if (error.sqlState === CHECKPOINT_MOVED) return 'overtaken'
    // Data that the statement cannot take.
    return /^2[23]/.test(error.sqlState ?? '') ? 'poison' : 'fault'
  }
  if (error instanceof PoisonEvent || error instanceof PermanentFailure) return 'poison'
  return 'effect'
}

const MAX_REASON_CHARACTERS = 300

/** For people to read, without data: a server's message may quote a value. */
export function reasonOf(error: unknown): string {
  if (error instanceof DatabaseError) {
    if (!error.certain) return 'the database did not answer'
    return `the database refused it: SQLSTATE ${error.sqlState}${error.constraint ? ` (${error.constraint})` : ''}`
  }
  const text = error instanceof Error ? error.message : String(error)
  return text.replace(/\w+:\/\/\S+/g, '…').slice(0, MAX_REASON_CHARACTERS)
}
