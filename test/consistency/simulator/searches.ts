import { placeNamed } from '../specification.ts'
import { ENTITIES, FIRST_RELATIONSHIP, FIRST_TYPE, type State, type Universe } from './universe.ts'

export type Direction = 'out' | 'in' | 'both'

/** What may be passed and entered; `null`: anything. Entities that the request names always are. */
type Filters = {
  readonly direction: Direction
  /** Type of relationships. */
  readonly type: string | null
  readonly color: number | null
}

/** A question about the graph as a whole. */
export type Search = PlacedSearch | NamedSearch

/** A traversal from the entity that has an external id, wherever that is. */
export type NamedSearch = {
  readonly of: 'named'
  readonly externalId: string
  readonly around: Omit<Extract<PlacedSearch, { readonly depth: number }>, 'place'>
}

/** By places in the state. */
export type PlacedSearch =
  | (Filters & {
      /** `subgraph` shows the records themselves. */
      readonly of: 'traverse' | 'subgraph'
      readonly place: number
      readonly depth: number
      /** Of `traverse`: whether it tells of depths and types. */
      readonly withDepths: boolean
    })
  | (Filters & { readonly of: 'paths'; readonly from: number; readonly to: number })
  | (Omit<Filters, 'color'> & { readonly of: 'degree'; readonly place: number })

/** What `projectSearch` says of a search from what is not there. */
export const NOT_THERE = -1

/** Of an entity that is not reached. */
export const NOT_REACHED = -1

/** What is reached, and in how many ways by the fewest relationships. */
type Level = { readonly depth: number; readonly ways: number }

/** The right answer to a search in `state`, relationship by relationship. */
export function projectSearch(state: State, search: Search, universe: Universe): number[] {
  if (search.of === 'named') {
    const place = placeNamed(state, 'entity', search.externalId, universe)
    return place < 0 ? [NOT_THERE] : projectSearch(state, { ...search.around, place }, universe)
  }
  const named = search.of === 'paths' ? [search.from, search.to] : [search.place]
  if (named.some((place) => (state[place] ?? 0) === 0)) return [NOT_THERE]
  switch (search.of) {
    case 'traverse': {
      const reached = levelsFrom(state, search.place, search.depth, search, named, universe)
      return eachEntity((place) => {
        const level = reached.get(place)
        if (!level) return [NOT_REACHED]
        return search.withDepths ? [level.depth, typeNumber(state, place, universe)] : [1]
      }).concat(reached.size)
    }
    case 'subgraph': {
      const reached = levelsFrom(state, search.place, search.depth, search, named, universe)
      const entities = eachEntity((place) => {
        const level = reached.get(place)
        return level ? [level.depth, state[place] ?? 0] : [NOT_REACHED]
      })
      const relationships = eachRelationship((place) => {
        const held = passable(state, place, search, universe)
        return held && reached.has(held.from) && reached.has(held.to) ? (state[place] ?? 0) : 0
      })
      const between = relationships.filter((number) => number !== 0).length
      return [...entities, ...relationships, reached.size, between]
    }
    case 'paths': {
      const reached = levelsFrom(state, search.from, ENTITIES, search, named, universe)
      const { depth, ways } = reached.get(search.to) ?? { depth: NOT_REACHED, ways: 0 }
      return [depth, ways]
    }
    case 'degree': {
      const ends = eachRelationship((place) => place).flatMap((place) => {
        return passable(state, place, search, universe) ?? []
      })
      const count = (end: 'from' | 'to') => ends.filter((held) => held[end] === search.place).length
      return [
        search.direction === 'in' ? 0 : count('from'),
        search.direction === 'out' ? 0 : count('to'),
      ]
    }
  }
}

/** Numbers of types, from 0. */
export function typeNumberOf(type: string, { entityTypes }: Universe): number {
  return entityTypes.indexOf(type)
}

function typeNumber(state: State, place: number, universe: Universe): number {
  return typeNumberOf(universe.held(state[place] ?? 0)?.type ?? '', universe)
}

/** Level after level, each from all of the one before. */
function levelsFrom(
  state: State,
  start: number,
  depth: number,
  filters: Filters,
  named: readonly number[],
  universe: Universe,
): ReadonlyMap<number, Level> {
  const reached = new Map<number, Level>([[start, { depth: 0, ways: 1 }]])
  for (let level = 1; level <= depth; level += 1) {
    const next = new Map<number, number>()
    for (let place = FIRST_RELATIONSHIP; place < FIRST_TYPE; place += 1) {
      const held = passable(state, place, filters, universe)
      if (!held) continue
      const { from, to } = held
      const ways = [
        ...(filters.direction === 'in' ? [] : [[from, to] as const]),
        ...(filters.direction === 'out' ? [] : [[to, from] as const]),
      ]
      for (const [left, entered] of ways) {
        const before = reached.get(left)
        if (before?.depth !== level - 1 || reached.has(entered)) continue
        if (!isEntered(entered)) continue
        next.set(entered, (next.get(entered) ?? 0) + before.ways)
      }
    }
    for (const [entered, ways] of next) reached.set(entered, { depth: level, ways })
  }
  return reached

  function isEntered(place: number): boolean {
    if (filters.color === null || named.includes(place)) return true
    return universe.held(state[place] ?? 0)?.color === filters.color
  }
}

/** What is held at a relationship's place, if it is there and of the type. */
function passable(
  state: State,
  place: number,
  { type }: { readonly type: string | null },
  universe: Universe,
) {
  const held = universe.held(state[place] ?? 0)
  return held && (type === null || held.type === type) ? held : null
}

export function eachEntity(numbers: (place: number) => readonly number[]): number[] {
  return Array.from({ length: ENTITIES }, (_, place) => numbers(place)).flat()
}

export function eachRelationship(number: (place: number) => number): number[] {
  return Array.from({ length: FIRST_TYPE - FIRST_RELATIONSHIP }, (_, i) =>
    number(FIRST_RELATIONSHIP + i),
  )
}
