import { type Command, writesEntity } from './simulator/commands.ts'
import {
  ENTITIES,
  FIRST_RELATIONSHIP,
  FIRST_TYPE,
  type State,
  type Universe,
} from './simulator/universe.ts'

/**
 * What a graph is to its clients: commands and what they leave behind, one request at a time. Written
 * without a look at the statement or its model. `null`: the request is refused, and nothing changes.
 */
export function applyCommands(
  state: State,
  commands: readonly Command[],
  universe: Universe,
): State | null {
  const after = [...state]
  const going = new Set<number>()
  for (const command of commands) {
    if (!applyOne({ before: state, after, going, commands }, command, universe)) return null
  }
  for (let place = FIRST_RELATIONSHIP; place < FIRST_TYPE; place += 1) {
    const held = universe.held(after[place] ?? 0)
    if (!held || (!going.has(held.from) && !going.has(held.to))) continue
    // What the request itself wrote cannot lose its end to the same request.
    if (after[place] !== state[place]) return null
    after[place] = 0
  }
  return after
}

type Work = {
  readonly before: State
  readonly after: number[]
  readonly going: Set<number>
  readonly commands: readonly Command[]
}

function applyOne(work: Work, command: Command, universe: Universe): boolean {
  const { before, after, going } = work
  switch (command.does) {
    case 'restore':
      command.state.forEach((number, place) => {
        after[place] = number
      })
      return true
    case 'define':
      // Again and again: no record has such a type.
      after[command.place] = 1
      return true
    case 'delete': {
      const current = before[command.place] ?? 0
      if (current === 0 || (command.seen !== null && command.seen !== current)) return false
      after[command.place] = 0
      if (command.on === 'entity') going.add(command.place)
      return true
    }
    case 'update': {
      const held = universe.held(before[command.place] ?? 0)
      if (!held || before[command.place] !== command.seen) return false
      const { mark, color } = command
      after[command.place] = universe.numberOf({ ...held, mark, color })
      return true
    }
    case 'create':
    case 'upsert':
      return write(work, command, universe)
  }
}

function write(
  { before, after, commands }: Work,
  command: Extract<Command, { does: 'create' | 'upsert' }>,
  universe: Universe,
): boolean {
  const { mark, color, type, externalId } = command
  const named = externalId === null ? -1 : placeNamed(before, command.on, externalId, universe)
  const place = named >= 0 ? named : command.place
  const current = universe.held(before[place] ?? 0)
  if (current && command.does === 'create') return false
  if (current && externalId !== null && current.externalId !== externalId) return false
  if (current && current.type !== type) return false
  const { from, to } = command.on === 'relationship' ? command : { from: -1, to: -1 }
  const isThere = (end: number) =>
    commands.some((each) => writesEntity(each, end)) || (before[end] ?? 0) !== 0
  if (command.on === 'relationship' && !(isThere(from) && isThere(to))) return false
  if (current && (current.from !== from || current.to !== to)) return false
  const kept = current ? current.externalId : externalId
  after[place] = universe.numberOf({ mark, color, type, externalId: kept, from, to })
  return true
}

/** Where the record with that external id is; -1: nowhere. */
export function placeNamed(
  state: State,
  on: 'entity' | 'relationship',
  externalId: string,
  universe: Universe,
): number {
  const [first, end] = on === 'entity' ? [0, ENTITIES] : [FIRST_RELATIONSHIP, FIRST_TYPE]
  for (let place = first; place < end; place += 1) {
    if (universe.held(state[place] ?? 0)?.externalId === externalId) return place
  }
  return -1
}
