import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { Command, EntityCommand, RelationshipCommand } from './commands.ts'
import type { RecordQuery } from './queries.ts'
import type { Direction, PlacedSearch, Search } from './searches.ts'
import {
  COLORS,
  FIRST_RELATIONSHIP,
  FIRST_TYPE,
  RELATIONSHIPS,
  TYPES,
  type Universe,
} from './universe.ts'

/** What a client remembers of a record it read: its number and its version. */
export type Seen = { readonly number: number; readonly version: number }

export type Choices = {
  readonly random: Random
  readonly universe: Universe
  readonly hotEntities: number
  readonly plainReads: number
  /** Versions mean nothing any more after a restore: then no command names one. */
  readonly namesVersions: boolean
}

/** The commands of one request: mostly one, sometimes a few on different records. */
export function someCommands(choices: Choices, seen: ReadonlyMap<number, Seen>): Command[] {
  const { random } = choices
  const dice = random.next()
  if (dice < 0.04) return [{ does: 'define', on: 'type', place: FIRST_TYPE + random.below(TYPES) }]
  if (dice < 0.55) return [entityCommand(choices, seen, random.below(choices.hotEntities), true)]
  if (dice < 0.8) return [relationshipCommand(choices, seen, somePlace(random), true)]
  const places = [...new Set([1, 2, 3].map(() => random.below(choices.hotEntities)))]
  const commands = places.map((place) => entityCommand(choices, seen, place, false))
  const also = random.chance(0.5)
  return also
    ? [...commands, relationshipCommand(choices, seen, somePlace(random), false)]
    : commands
}

function somePlace(random: Random): number {
  return FIRST_RELATIONSHIP + random.below(RELATIONSHIPS)
}

function entityCommand(
  choices: Choices,
  seen: ReadonlyMap<number, Seen>,
  place: number,
  isAlone: boolean,
): EntityCommand {
  const { random, universe } = choices
  const change = someChange(choices, seen, 'entity', place)
  if (change) return change
  return {
    does: random.chance(0.2) ? 'create' : 'upsert',
    on: 'entity',
    place,
    // Two records of one request could get the same external id, or turn out to be one.
    externalId: isAlone ? someName(random, universe.entityNames, place) : null,
    // Mostly fixed by the place, or most upserts would be refused.
    type: universe.entityTypes[random.chance(0.85) ? place % 2 : random.below(2)] ?? '',
    mark: universe.newMark(),
    color: random.below(COLORS),
  }
}

function relationshipCommand(
  choices: Choices,
  seen: ReadonlyMap<number, Seen>,
  place: number,
  isAlone: boolean,
): RelationshipCommand {
  const { random, universe, hotEntities } = choices
  const change = someChange(choices, seen, 'relationship', place)
  if (change) return change
  return {
    does: random.chance(0.2) ? 'create' : 'upsert',
    on: 'relationship',
    place,
    externalId: isAlone ? someName(random, universe.relationshipNames, place) : null,
    type: universe.relationshipTypes[place % 2] ?? '',
    from: place % hotEntities,
    to: random.chance(0.7) ? (place + 1) % hotEntities : random.below(hotEntities),
    mark: universe.newMark(),
    color: random.below(COLORS),
  }
}

/** Mostly that of the place: one record has it, or most writes of it would be refused. */
function someName(random: Random, names: readonly string[], place: number): string | null {
  if (random.chance(0.1)) return random.pick(names)
  return place % 2 === 0 ? (names[(place / 2) % names.length] ?? null) : null
}

/** A deletion, or a change of what was seen. */
function someChange<On extends 'entity' | 'relationship'>(
  { random, universe, namesVersions }: Choices,
  seen: ReadonlyMap<number, Seen>,
  on: On,
  place: number,
) {
  const dice = random.next()
  const known = namesVersions ? seen.get(place) : undefined
  if (dice < (on === 'entity' ? 0.12 : 0.2)) {
    const isConditional = known !== undefined && random.chance(0.4)
    const condition = isConditional
      ? { seen: known.number, version: known.version }
      : { seen: null, version: null }
    return { does: 'delete' as const, on, place, ...condition }
  }
  if (dice > 0.55 || !known) return null
  const { number, version } = known
  const externalId = universe.held(number)?.externalId ?? null
  const content = { mark: universe.newMark(), color: random.below(COLORS) }
  return { does: 'update' as const, on, place, externalId, seen: number, version, ...content }
}

/** A question about the graph as a whole. */
export function someSearch({ random, universe, hotEntities }: Choices): Search {
  const direction: Direction = random.pick(['out', 'both', 'both', 'in'])
  const type = random.chance(0.2) ? random.pick(universe.relationshipTypes) : null
  const color = random.chance(0.2) ? random.below(COLORS) : null
  const [place, other] = [random.below(hotEntities), random.below(hotEntities)]
  const filters = { direction, type, color }
  switch (random.below(7)) {
    case 0:
      return { of: 'degree', place, direction, type }
    case 1:
      return { of: 'paths', from: place, to: other, ...filters }
    case 2:
    case 3:
      return searchAround('subgraph')
    case 4: {
      const { place: _, ...around } = searchAround('traverse')
      return { of: 'named', externalId: random.pick(universe.entityNames), around }
    }
    default:
      return searchAround('traverse')
  }

  function searchAround(
    of: 'traverse' | 'subgraph',
  ): Extract<PlacedSearch, { readonly depth: number }> {
    const [depth, withDepths] = [1 + random.below(3), random.chance(0.5)]
    return { of, place, depth, withDepths, ...filters }
  }
}

/** What one read asks for: one value, or several of one kind. */
export function someQueries(choices: Choices): RecordQuery[] {
  const { random, universe, hotEntities, plainReads } = choices
  const parts = (some: () => RecordQuery) =>
    Array.from({ length: random.chance(0.5) ? 1 : 1 + random.below(3) }, some)
  const entity = () => random.below(hotEntities)
  if (random.chance(plainReads)) {
    return [entity(), entity()].slice(random.below(2)).map((place) => ({ of: 'entity', place }))
  }
  if (random.chance(0.1)) return manyParts()
  switch (random.below(6)) {
    case 0:
    case 1:
      return parts(() =>
        random.chance(0.7)
          ? { of: 'entity', place: entity() }
          : { of: 'entity name', externalId: random.pick(universe.entityNames) },
      )
    case 2:
      return parts(() =>
        random.chance(0.7)
          ? { of: 'relationship', place: somePlace(random) }
          : { of: 'relationship name', externalId: random.pick(universe.relationshipNames) },
      )
    case 3:
      return parts(() => (random.chance(0.5) ? entityList() : relationshipList()))
    case 4:
      return parts(() => ({ of: 'neighbors', place: entity() }))
    default:
      return random.chance(0.4) ? [{ of: 'types' }] : parts(entityList)
  }

  /** What a traversal comes to: neighbours of many, these themselves, and lists. */
  function manyParts(): RecordQuery[] {
    const places = Array.from({ length: hotEntities }, (_, place) => place)
    const found = places.flatMap((place): RecordQuery[] => [
      { of: 'neighbors', place },
      { of: 'entity', place },
    ])
    return [entityList(), relationshipList(), ...found.filter(() => random.chance(0.8))]
  }

  function entityList(): RecordQuery {
    return {
      of: 'entities',
      type: random.chance(0.6) ? random.pick(universe.entityTypes) : null,
      color: random.chance(0.5) ? random.below(COLORS) : null,
    }
  }

  function relationshipList(): RecordQuery {
    const dice = random.below(5)
    return {
      of: 'relationships',
      type: dice === 0 ? random.pick(universe.relationshipTypes) : null,
      from: dice === 1 ? entity() : null,
      to: dice === 2 ? entity() : null,
    }
  }
}
