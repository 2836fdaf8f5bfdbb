import type { Change } from '../../core/log/records.ts'
import { listChanges } from '../../db/queries/events.ts'
import { graphOperation } from './define.ts'
import { type Answer, bookmarkOf, retained } from './records.ts'

/** The log after a seq. `next` is where to go on from: ask again later when `items` is empty. */
export type ChangesPage = {
  readonly items: readonly Change[]
  readonly next: number
  readonly head: number
}

export const readChanges = graphOperation(
  'graph.read',
  async (
    context,
    { after, limit }: { after: number; limit: number },
  ): Promise<Answer<ChangesPage>> => {
    const { services, graph } = context
    const { value, floorSeq, ...at } = await listChanges(
      services.shard(graph.shardId),
      graph,
      after,
      limit,
    )
    if (after < floorSeq) throw retained(floorSeq)
    return {
      value: { items: value, next: value.at(-1)?.seq ?? after, head: at.seq },
      bookmark: bookmarkOf(context, at),
      replayed: false,
    }
  },
)
