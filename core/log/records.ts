import type { JsonObject } from '../json.ts'
import type { TypeState } from '../types/definition.ts'
import type { Location } from './commands.ts'

/** An entity as clients see it. Times are RFC 3339 in UTC; `version` is the seq that last changed it. */
export type Entity = {
  readonly id: string
  readonly type: string
  readonly external_id: string | null
  readonly name: string | null
  readonly location: Location | null
  readonly properties: JsonObject
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

export type Relationship = {
  readonly id: string
  readonly type: string
  readonly from_id: string
  readonly to_id: string
  readonly external_id: string | null
  readonly properties: JsonObject
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}

/** One end of a relationship as seen from an entity. */
export type Neighbor = {
  /** `out`: from the entity asked about to the neighbour. */
  readonly direction: 'out' | 'in'
  readonly relationship: Relationship
  readonly entity: Entity
}

/** One event as `/changes` shows it. */
export type Change = {
  readonly seq: number
  readonly at: string
  readonly kind: string
  readonly id: string | null
  readonly type: string | null
  readonly external_id: string | null
  readonly from_id: string | null
  readonly to_id: string | null
  readonly actor: string
  readonly request_id: string
  readonly before: JsonObject | null
  readonly after: JsonObject | null
  /** The content of the images is erased, and they are `null`. Absent: it is not. */
  readonly erased?: true
}

/** A defined type of a graph. */
export type TypeDefinition = TypeState & {
  readonly kind: 'entity' | 'relationship'
  readonly name: string
  readonly version: number
  readonly created_at: string
  readonly updated_at: string
}
