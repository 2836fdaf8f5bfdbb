import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Submission, Writer } from '../../../../durable-objects/graph-log/writer.ts'
import { newInstance, type World, withInstance } from './world.ts'

/** Memory and waiters are gone; a message that was not carried out yet is still under way. */
export function crash(world: World, index: number): World {
  const { writer, message } = world.instances[index] ?? newInstance()
  const strays = message && !message.reply ? [...world.strays, message.effect] : world.strays
  let calls = world.calls
  for (const { ticket } of heldBy(writer)) calls = calls.with(ticket, 'over')
  const rivalled = world.rivalled.filter((ticket) => calls[ticket] === 'waiting')
  return withInstance({ ...world, strays, calls, rivalled }, index, newInstance())
}

function heldBy({ phase, queue }: Writer<GraphRequest>): readonly Submission<GraphRequest>[] {
  if (phase.at === 'committing') return [...phase.group, ...queue]
  return phase.at === 'opening' ? [...phase.doubtful, ...queue] : queue
}
