import type { CommitAnswer, GraphRequest } from '../../../../core/log/requests.ts'
import { type Effect, type Input, step } from '../../../../durable-objects/graph-log/writer.ts'
import type { Call } from './calls.ts'
import { Violation } from './violation.ts'
import { newInstance, type Scenario, type World, withInstance } from './world.ts'

/** Gives instance `index` an input, and carries out the effects of its writer. */
export function feed(
  world: World,
  index: number,
  input: Input<GraphRequest>,
  scenario: Scenario,
): World {
  const before = world.instances[index] ?? newInstance()
  // `step` changes the writer in place; what it holds is frozen, so a shallow copy is enough.
  const writer = { ...before.writer, queue: [...before.writer.queue] }
  const effects = step(writer, input, scenario.options)
  const isAnswered = input.type !== 'submitted' && input.type !== 'head_wanted'
  let next = withInstance(world, index, {
    writer,
    message: isAnswered ? null : before.message,
  })
  for (const effect of effects) next = carryOut(next, index, effect, scenario)
  return next
}

function carryOut(
  world: World,
  index: number,
  effect: Effect<GraphRequest>,
  scenario: Scenario,
): World {
  if (effect.do === 'answer') return tell(world, effect.ticket, effect.answer, scenario)
  const instance = world.instances[index] ?? newInstance()
  if (instance.message) throw new Violation('I0: an instance waits for one message at a time')
  return withInstance(world, index, { ...instance, message: { effect, reply: null } })
}

/** An answer reaches its caller. What it claims is checked now (I2) or remembered (I3). */
function tell(world: World, ticket: number, answer: CommitAnswer, scenario: Scenario): World {
  const call = scenario.calls[ticket]
  if (!call || world.calls[ticket] !== 'waiting') {
    throw new Violation(`I0: call ${ticket} is answered though nobody waits`)
  }
  const { commitId } = call.request
  if (answer.status === 'committed') {
    const entries = world.database.log.filter((entry) => entry.commitId === commitId)
    if (entries.length !== 1 || entries[0]?.seq !== answer.seq) {
      throw new Violation(`I2: ${commitId} is said to be committed at ${answer.seq}, and is not`)
    }
  }
  const isDenied = answer.status === 'not_committed' || answer.status === 'refused'
  const isFinal = isDenied && isLastWord(world, call, scenario)
  return {
    ...world,
    calls: world.calls.with(ticket, 'over'),
    rivalled: world.rivalled.filter((other) => other !== ticket),
    denied: isFinal ? [...world.denied, commitId].sort() : world.denied,
    told: [...world.told, { commitId, status: answer.status }],
  }
}

/**
 * Whether a refusal is the last word on its commit id. Where instances have no order, another call
 * with the id that waits beside it may still succeed. Where one succeeds the other, a repeat is made
 * when the call before it has failed, so the newest call's answer is the one that is heard.
 */
function isLastWord(world: World, { ticket, request }: Call, scenario: Scenario): boolean {
  if (scenario.succession === 'none') return !world.rivalled.includes(ticket)
  return !scenario.calls.some(
    (other) =>
      other.ticket > ticket &&
      other.request.commitId === request.commitId &&
      world.calls[other.ticket] !== 'unsent',
  )
}
