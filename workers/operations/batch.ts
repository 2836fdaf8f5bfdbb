import { AppError } from '../../core/errors.ts'
import type { Command } from '../../core/log/commands.ts'
import type { OpResult } from '../../core/log/requests.ts'
import { graphOperation } from './define.ts'
import { type Answer, bookmarkOf } from './records.ts'
import { refusal } from './refusals.ts'
import { write } from './write.ts'

export type BatchItem =
  | {
      readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted'
      readonly id: string
      readonly version: number
    }
  | { readonly outcome: 'refused'; readonly error: AppError }

/** Writes up to 1,000 mixed commands, all or none of them. */
export const writeBatch = graphOperation(
  'graph.write',
  async (context, commands: readonly Command[]): Promise<Answer<readonly BatchItem[]>> => {
    const written = await write(context, commands)
    return {
      value: written.outcomes.map(batchItem),
      bookmark: bookmarkOf(context, written),
      replayed: written.replayed,
    }
  },
)

export function batchItem(outcome: OpResult | AppError): BatchItem {
  if (outcome instanceof AppError) return { outcome: 'refused', error: outcome }
  if ('refused' in outcome) return { outcome: 'refused', error: refusal(outcome) }
  return { outcome: outcome.outcome, id: outcome.id, version: outcome.version }
}
