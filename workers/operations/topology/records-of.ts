import { AppError } from '../../../core/errors.ts'
import { type RecordNames, type RecordsAt, recordsAt } from '../../../db/queries/records-at.ts'
import type { GraphContext } from '../../context.ts'
import type { TopologyAt } from './with-topology.ts'

/** The records that an answer shows, as they were at its seq, in one read (R1). */
export async function recordsOf(
  { services, graph }: GraphContext,
  { seq, historyId }: TopologyAt,
  { ids, createdSeqs }: RecordNames,
): Promise<RecordsAt> {
  const names = { ids: [...new Set(ids)], createdSeqs: [...new Set(createdSeqs)] }
  const records = await recordsAt(services.shard(graph.shardId), graph, seq, names)
  if (records.historyId === historyId) return records
  throw new AppError('unavailable', 'the graph was restored meanwhile; try again', {
    retryAfterSeconds: 1,
  })
}
