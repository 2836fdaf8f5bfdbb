import { AppError, notFound } from '../../core/errors.ts'
import { discardParked, listParked, type ParkedEvent } from '../../db/queries/consumers.ts'
import { prepareRetry } from '../../queues/parked.ts'
import { consumerNamed } from './consumers.ts'
import { graphOperation } from './define.ts'
import { changeOnce } from './once.ts'

type Named = { readonly consumer: string; readonly seq: number }

const WHAT = 'this parked event'

export const findParkedEvents = graphOperation(
  'consumers.manage',
  (
    { services, graph },
    { consumer, after, limit }: { consumer: string; after: number; limit: number },
  ): Promise<ParkedEvent[]> =>
    listParked(services.shard(graph.shardId), graph, consumerNamed(consumer).name, after, limit),
)

/** The event is taken now, or stays with the reason why it cannot be. */
export const retryParkedEvent = graphOperation(
  'consumers.manage',
  async (context, { consumer: name, seq }: Named) => {
    const { services, graph } = context
    const consumer = consumerNamed(name)
    return changeOnce(context, graph, {
      what: WHAT,
      prepare: async () => {
        const shard = services.shard(graph.shardId)
        const retry = await prepareRetry(shard, consumer, graph, seq)
        if (!retry) throw notFound(WHAT)
        if (retry.status === 'refused') {
          throw new AppError('conflict', `the consumer refused it again: ${retry.reason}`)
        }
        return { answer: null, statements: retry.statements }
      },
    })
  },
)

/** The event is given up: the consumer will never take it. */
export const discardParkedEvent = graphOperation(
  'consumers.manage',
  (context, { consumer, seq }: Named) =>
    changeOnce(context, context.graph, {
      what: WHAT,
      prepare: async () => ({
        answer: null,
        statements: [discardParked(context.graph, consumerNamed(consumer).name, seq)],
      }),
    }),
)
