import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Input } from '../../../../durable-objects/graph-log/writer.ts'
import { type Action, fault, spend } from './action.ts'
import { crash } from './crash.ts'
import { feed } from './feed.ts'
import { apply } from './model-database.ts'
import { judged } from './rivals.ts'
import { type Message, newInstance, type Scenario, type World, withInstance } from './world.ts'

/** What was given up by its sender is carried out after all. */
export function strayActions(world: World, scenario: Scenario): Action[] {
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

/** What can become of the message that instance `index` waits for. */
export function messageActions(
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

/** C2: looking whether it is still the only one, the instance that was succeeded ends. */
function isFoundOut({ isSucceeded }: World, index: number, { succession }: Scenario): boolean {
  return succession === 'noticed' && isSucceeded && index === 0
}
