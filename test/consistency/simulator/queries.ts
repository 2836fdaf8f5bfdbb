import { placeNamed } from '../specification.ts'
import { projectSearch, type Search } from './searches.ts'
import {
  ENTITIES,
  FIRST_RELATIONSHIP,
  FIRST_TYPE,
  type State,
  TYPES,
  type Universe,
} from './universe.ts'

/** What a client may ask, by places in the state. */
export type Query = RecordQuery | Search

/** What is answered from records that are cached. */
export type RecordQuery =
  | { readonly of: 'entity' | 'relationship'; readonly place: number }
  | { readonly of: 'entity name' | 'relationship name'; readonly externalId: string }
  | { readonly of: 'entities'; readonly type: string | null; readonly color: number | null }
  | {
      readonly of: 'relationships'
      readonly type: string | null
      /** Place of the entity at that end. */
      readonly from: number | null
      readonly to: number | null
    }
  | { readonly of: 'neighbors'; readonly place: number }
  | { readonly of: 'types' }

/** The right answer to each query in `state`, one after the other, as numbers to compare. */
export function project(state: State, queries: readonly Query[], universe: Universe): number[] {
  const answer: number[] = []
  for (const query of queries) projectOne(state, query, universe, answer)
  return answer
}

function projectOne(state: State, query: Query, universe: Universe, answer: number[]): void {
  switch (query.of) {
    case 'entity':
    case 'relationship':
      answer.push(state[query.place] ?? 0)
      return
    case 'entity name':
    case 'relationship name': {
      const on = query.of === 'entity name' ? 'entity' : 'relationship'
      const place = placeNamed(state, on, query.externalId, universe)
      answer.push(place, state[place] ?? 0)
      return
    }
    case 'entities':
      for (let place = 0; place < ENTITIES; place += 1) {
        const held = universe.held(state[place] ?? 0)
        const isListed = held && fits(query.type, held.type) && fits(query.color, held.color)
        answer.push(isListed ? (state[place] ?? 0) : 0)
      }
      return
    case 'relationships':
      for (let place = FIRST_RELATIONSHIP; place < FIRST_TYPE; place += 1) {
        const held = universe.held(state[place] ?? 0)
        const isListed =
          held &&
          fits(query.type, held.type) &&
          fits(query.from, held.from) &&
          fits(query.to, held.to)
        answer.push(isListed ? (state[place] ?? 0) : 0)
      }
      return
    case 'neighbors':
      projectNeighbors(state, query.place, universe, answer)
      return
    case 'types':
      for (let i = 0; i < TYPES; i += 1) answer.push(state[FIRST_TYPE + i] ?? 0)
      return
    default:
      answer.push(...projectSearch(state, query, universe))
  }
}

/** Whether the entity is there, its relationships, and the entities at their other ends. */
function projectNeighbors(
  state: State,
  center: number,
  universe: Universe,
  answer: number[],
): void {
  const isThere = state[center] !== 0
  answer.push(isThere ? 1 : 0)
  const shown = new Set<number>()
  for (let place = FIRST_RELATIONSHIP; place < FIRST_TYPE; place += 1) {
    const held = universe.held(state[place] ?? 0)
    const isListed = isThere && held && (held.from === center || held.to === center)
    answer.push(isListed ? (state[place] ?? 0) : 0)
    if (isListed) shown.add(held.from === center ? held.to : held.from)
  }
  for (let place = 0; place < ENTITIES; place += 1) {
    answer.push(shown.has(place) ? (state[place] ?? 0) : 0)
  }
}

function fits<T>(wanted: T | null, value: T): boolean {
  return wanted === null || wanted === value
}

export function isSame(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i]) return false
  return true
}
