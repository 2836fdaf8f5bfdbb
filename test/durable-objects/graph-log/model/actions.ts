import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Input, Submission, Writer } from '../../../../durable-objects/graph-log/writer.ts'
import type { Call } from './calls.ts'
import { feed, withInstance } from './feed.ts'
import { apply } from './model-database.ts'
import { judged, withRival } from './rivals.ts'
import { type Faults, type Message, newInstance, type Scenario, type World } from './world.ts'

/** Something that can happen in a world. */
export type Action = {
  readonly name: string
  /** Only waits for the database or the network to do their work: no fault, nothing asked anew. */
  readonly isFair: boolean
  readonly next: () => World
}

/** Everything that can happen next. */
export function actionsOf(world: World, scenario: Scenario): Action[] {
  const actions: Action[] = strayActions(world, scenario)
  world.instances.forEach(({ writer, message }, index) => {
    if (message) actions.push(...messageActions(world, index, message, scenario))
    for (const call of scenario.calls) {
      if (gets(world, index, scenario) && maySubmit(world, call, scenario))
        actions.push(submit(world, index, call, scenario))
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

function strayActions(world: World, scenario: Scenario): Action[] {
  return world.strays.map((stray, i) => ({
    name: `the database carries out a stray ${stray.do}`,
    isFair: true,
    next: () => ({
      ...world,
      database: apply(world.database, stray, scenario.calls, scenario.rules).database,
      strays: world.strays.toSpliced(i, 1),
    }),
  }))
}

function messageActions(
  world: World,
  index: number,
  { effect, reply }: Message,
  scenario: Scenario,
): Action[] {
  const { losses, rejections } = world.faultsLeft
  const actions: Action[] = []
  if (reply) {
    actions.push({
      name: `${index} hears ${reply.type}`,
      isFair: true,
      next: () =>
        reply.type === 'opened' && isFoundOut(world, index, scenario)
          ? crash(world, index)
          : feed(world, index, reply, scenario),
    })
  } else {
    const group = effect.do === 'commit' ? effect.group.map(({ commitId }) => commitId) : []
    actions.push({
      name: `the database carries out ${effect.do} ${group.join('+')} of ${index}`,
      isFair: true,
      next: () => carryOut(world, index, effect, scenario),
    })
  }
  if (losses > 0) {
    const lost = { type: effect.do === 'open' ? 'open_failed' : 'lost', reason: '' } as const
    const strays = reply ? world.strays : [...world.strays, effect]
    actions.push(
      fault(`${index} loses ${reply ? `the answer ${reply.type}` : `its ${effect.do}`}`, () =>
        feed({ ...spend(world, 'losses'), strays }, index, lost, scenario),
      ),
    )
  }
  if (rejections > 0 && effect.do === 'commit' && !reply) {
    const rejected: Input<GraphRequest> = { type: 'rejected', reason: '' }
    actions.push(
      fault(`the database rejects the commit of ${index}`, () =>
        feed(spend(world, 'rejections'), index, rejected, scenario),
      ),
    )
  }
  return actions
}

function carryOut(
  world: World,
  index: number,
  effect: Message['effect'],
  { calls, rules }: Scenario,
): World {
  const { database, reply } = apply(world.database, effect, calls, rules)
  const { writer } = world.instances[index] ?? newInstance()
  const commitIds =
    effect.do === 'open' ? effect.commitIds : effect.group.map(({ commitId }) => commitId)
  const after = judged({ ...world, database }, commitIds, calls)
  return withInstance(after, index, { writer, message: { effect, reply } })
}

/** Whether calls come to instance `index`. */
function gets({ isSucceeded }: World, index: number, { succession }: Scenario): boolean {
  return succession === 'none' || isSucceeded === (index === 1)
}

/** C2: looking whether it is still the only one, the instance that was succeeded ends. */
function isFoundOut({ isSucceeded }: World, index: number, { succession }: Scenario): boolean {
  return succession === 'noticed' && isSucceeded && index === 0
}

/** A repeat comes after the call it repeats, at any time and to any instance. */
function maySubmit(world: World, { ticket, request }: Call, { calls }: Scenario): boolean {
  if (world.calls[ticket] !== 'unsent') return false
  return calls.every(
    (other) =>
      other.ticket >= ticket ||
      other.request.commitId !== request.commitId ||
      world.calls[other.ticket] !== 'unsent',
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

/** Memory and waiters are gone; a message that was not carried out yet is still under way. */
function crash(world: World, index: number): World {
  const { writer, message } = world.instances[index] ?? newInstance()
  const strays = message && !message.reply ? [...world.strays, message.effect] : world.strays
  let calls = world.calls
  for (const { ticket } of heldBy(writer)) calls = calls.with(ticket, 'over')
  return withInstance({ ...world, strays, calls }, index, newInstance())
}

function heldBy({ phase, queue }: Writer<GraphRequest>): readonly Submission<GraphRequest>[] {
  if (phase.at === 'committing') return [...phase.group, ...queue]
  return phase.at === 'opening' ? [...phase.doubtful, ...queue] : queue
}

function move(world: World): World {
  const { database } = world
  return { ...spend(world, 'moves'), database: { ...database, epoch: database.epoch + 1 } }
}

function spend(world: World, kind: keyof Faults): World {
  return {
    ...world,
    faultsLeft: { ...world.faultsLeft, [kind]: world.faultsLeft[kind] - 1 },
  }
}

function fault(name: string, next: () => World): Action {
  return { name, isFair: false, next }
}
