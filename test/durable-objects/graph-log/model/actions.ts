import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Submission } from '../../../../durable-objects/graph-log/writer.ts'
import { type Action, fault, spend } from './action.ts'
import type { Call } from './calls.ts'
import { crash } from './crash.ts'
import { feed } from './feed.ts'
import { messageActions, strayActions } from './message-actions.ts'
import { withRival } from './rivals.ts'
import type { Scenario, World } from './world.ts'

/** Everything that can happen next. */
export function actionsOf(world: World, scenario: Scenario): Action[] {
  const actions: Action[] = strayActions(world, scenario)
  world.instances.forEach(({ writer, message }, index) => {
    if (message) actions.push(...messageActions(world, index, message, scenario))
    for (const call of scenario.calls) {
      if (mayCome(world, index, call, scenario)) {
        actions.push(submit(world, index, call, scenario))
      }
    }
    if (world.faultsLeft.headsWanted > 0) {
      actions.push(
        fault(`${index} is asked for a newer head`, () =>
          feed(spend(world, 'headsWanted'), index, { type: 'head_wanted' }, scenario),
        ),
      )
    }
    const isBlank = message === null && writer.phase.at === 'closed'
    if (world.faultsLeft.crashes > 0 && !isBlank) {
      actions.push(fault(`${index} crashes`, () => crash(spend(world, 'crashes'), index)))
    }
  })
  if (scenario.succession !== 'none' && !world.isSucceeded) {
    actions.push(fault('1 takes over from 0', () => ({ ...world, isSucceeded: true })))
  }
  if (world.faultsLeft.moves > 0) actions.push(fault('the log moves', () => move(world)))
  return actions
}

/** A repeat comes after the call it repeats, at any time and to any instance that gets calls. */
function mayCome(world: World, index: number, call: Call, scenario: Scenario): boolean {
  const getsCalls = scenario.succession === 'none' || world.isSucceeded === (index === 1)
  const earlier = scenario.calls.filter(
    ({ ticket, request }) => ticket < call.ticket && request.commitId === call.request.commitId,
  )
  return (
    getsCalls &&
    world.calls[call.ticket] === 'unsent' &&
    earlier.every(({ ticket }) => world.calls[ticket] !== 'unsent')
  )
}

function submit(world: World, index: number, call: Call, scenario: Scenario): Action {
  const { ticket, request, footprint } = call
  const submission: Submission<GraphRequest> = Object.freeze({
    ...{ ticket, request, footprint, fingerprint: '', sends: 0 },
  })
  return fault(`call ${ticket} (${request.commitId}) comes to ${index}`, () => {
    // Who asks again takes the last answer back.
    const denied = world.denied.filter((commitId) => commitId !== request.commitId)
    const calls = world.calls.with(ticket, 'waiting')
    const asked = withRival({ ...world, denied, calls }, call, scenario.calls)
    return feed(asked, index, { type: 'submitted', submission }, scenario)
  })
}

function move(world: World): World {
  const { database } = world
  return { ...spend(world, 'moves'), database: { ...database, epoch: database.epoch + 1 } }
}
