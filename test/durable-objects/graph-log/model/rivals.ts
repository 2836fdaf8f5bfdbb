import type { Call } from './calls.ts'
import type { World } from './world.ts'

/** `call` comes: whoever waits with its commit id is no longer alone, and neither is it. */
export function withRival(world: World, call: Call, calls: readonly Call[]): World {
  const others = rivalsOf(world, call, calls)
  if (others.length === 0) return world
  const rivalled = new Set([...world.rivalled, call.ticket, ...others])
  return { ...world, rivalled: [...rivalled].sort() }
}

/** The database judges the calls of `tickets`: what was before no longer counts. */
export function judged(world: World, commitIds: readonly string[], all: readonly Call[]): World {
  const rivalled = world.rivalled.filter((ticket) => {
    const call = all[ticket]
    return (
      !call || !commitIds.includes(call.request.commitId) || rivalsOf(world, call, all).length > 0
    )
  })
  return rivalled.length === world.rivalled.length ? world : { ...world, rivalled }
}

function rivalsOf(world: World, { ticket, request }: Call, calls: readonly Call[]): number[] {
  return calls
    .filter((other) => other.ticket !== ticket && other.request.commitId === request.commitId)
    .map((other) => other.ticket)
    .filter((other) => world.calls[other] === 'waiting')
}
