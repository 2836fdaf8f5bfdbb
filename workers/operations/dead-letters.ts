import { AppError, notFound } from '../../core/errors.ts'
import {
  type DeadLetter,
  getDeadLetter,
  listDeadLetters,
  removeDeadLetter,
} from '../../db/queries/dead-letters.ts'
import { parsePointer } from '../../queues/messages.ts'
import { graphOperation } from './define.ts'
import { changeOnce } from './once.ts'

const WHAT = 'this message'

type Position = { readonly at: string; readonly id: string }

export const findDeadLetters = graphOperation(
  'consumers.manage',
  (
    { services, graph },
    { limit, before }: { limit: number; before: Position | null },
  ): Promise<DeadLetter[]> => listDeadLetters(services.shard(graph.shardId), graph, limit, before),
)

export const readDeadLetter = graphOperation(
  'consumers.manage',
  async ({ services, graph }, id: string): Promise<DeadLetter> => {
    const letter = await getDeadLetter(services.shard(graph.shardId), graph, id)
    if (!letter) throw notFound(WHAT)
    return letter
  },
)

/**
 * Sends the message again, then forgets it: should the second fail, a pointer that comes twice does no
 * harm.
 */
export const replayDeadLetter = graphOperation('consumers.manage', (context, id: string) => {
  const { services, graph } = context
  return changeOnce(context, graph, {
    what: WHAT,
    prepare: async () => {
      const letter = await getDeadLetter(services.shard(graph.shardId), graph, id)
      if (!letter) throw notFound(WHAT)
      const pointer = parsePointer(letter.message)
      if (!pointer) {
        throw new AppError('conflict', 'this release does not know such messages; discard it')
      }
      // The graph may have moved since: the address that the catalog names now is the right one.
      await services.sendPointer('backlog', { ...pointer, graph }, 0)
      return { answer: null, statements: [removeDeadLetter(graph, id)] }
    },
  })
})

export const discardDeadLetter = graphOperation('consumers.manage', (context, id: string) =>
  changeOnce(context, context.graph, {
    what: WHAT,
    prepare: async () => ({ answer: null, statements: [removeDeadLetter(context.graph, id)] }),
  }),
)
