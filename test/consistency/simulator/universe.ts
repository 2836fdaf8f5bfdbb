import type { Random } from '../../durable-objects/graph-log/histories/random.ts'

export const ENTITIES = 5
export const RELATIONSHIPS = 4
export const TYPES = 2
export const COLORS = 2

/** Where relationships and types begin in a state. */
export const FIRST_RELATIONSHIP = ENTITIES
export const FIRST_TYPE = ENTITIES + RELATIONSHIPS
const SLOTS = FIRST_TYPE + TYPES

/**
 * What a graph holds, in the form that is compared: for each record that there may be, the number of
 * what it holds, 0 when it is not there; for each type, whether it is defined.
 */
export type State = readonly number[]

export const EMPTY_STATE: State = Array.from({ length: SLOTS }, () => 0)

/** What a record holds. `mark` is of the command that wrote it and of no other. */
export type Held = {
  readonly mark: number
  readonly color: number
  readonly type: string
  readonly externalId: string | null
  /** Places of the ends of a relationship; -1 for an entity. */
  readonly from: number
  readonly to: number
}

/** The few names of one history, so that commands and reads meet, and a number for whatever is held. */
export class Universe {
  readonly entityIds: readonly string[]
  readonly relationshipIds: readonly string[]
  readonly entityNames: readonly string[]
  readonly relationshipNames: readonly string[]
  readonly entityTypes: readonly string[]
  readonly relationshipTypes: readonly string[]
  /** Types that can be defined; no record has them. */
  readonly definable: readonly string[]
  readonly #numbers = new Map<string, number>()
  readonly #held: (Held | undefined)[] = [undefined]
  readonly #placeOf = new Map<string, number>()
  #marks = 0

  /** `newId` makes ids of records; default short ones. */
  constructor(random: Random, newId?: () => string) {
    // Other names in every history: whether two tags share a bucket is luck.
    const some = (count: number, prefix: string) =>
      Array.from({ length: count }, (_, i) => `${prefix}${i}-${random.below(2 ** 30).toString(36)}`)
    const ids = (count: number, prefix: string) =>
      newId ? Array.from({ length: count }, newId) : some(count, prefix)
    this.entityIds = ids(ENTITIES, 'e')
    this.relationshipIds = ids(RELATIONSHIPS, 'r')
    this.entityNames = some(3, 'x')
    this.relationshipNames = some(2, 'y')
    this.entityTypes = some(2, 'T')
    this.relationshipTypes = some(2, 'U')
    this.definable = some(TYPES, 'D')
    for (const ids of [this.entityIds, this.relationshipIds, this.definable]) {
      for (const id of ids) this.#placeOf.set(id, this.#placeOf.size)
    }
  }

  newMark(): number {
    this.#marks += 1
    return this.#marks
  }

  placeOf(idOrType: string): number {
    return this.#placeOf.get(idOrType) ?? -1
  }

  numberOf({ mark, color, type, externalId, from, to }: Held): number {
    const key = `${mark} ${color} ${type} ${externalId} ${from} ${to}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    this.#held.push({ mark, color, type, externalId, from, to })
    this.#numbers.set(key, this.#held.length - 1)
    return this.#held.length - 1
  }

  /** Whatever has a number, from 1. */
  everything(): readonly (Held | undefined)[] {
    return this.#held.slice(1)
  }

  held(number: number): Held | undefined {
    return this.#held[number]
  }
}
