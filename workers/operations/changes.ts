import { logTags } from '../../core/log/read-tags.ts'
import type { Change } from '../../core/log/records.ts'
import { listChanges } from '../../db/queries/events.ts'
import { graphOperation } from './define.ts'
import { readValue } from './read-graph.ts'
import { type Answer, answer, retained } from './records.ts'

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
    const read = await readValue(context, {
      ...{ kind: 'list', name: `changes:${after}:${limit}`, isUncached: true, tags: logTags },
      load: async () => {
        const { value, floorSeq, ...at } = await listChanges(
          services.shard(graph.shardId),
          graph,
          after,
          limit,
        )
        return { value: { items: value, floorSeq, head: at.seq }, ...at }
      },
    })
    const { items, floorSeq, head } = read.value
    if (after < floorSeq) throw retained(floorSeq)
    return answer(context, { items, next: items.at(-1)?.seq ?? after, head }, read)
  },
)
