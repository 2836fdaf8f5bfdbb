import type { FieldError } from '../errors.ts'
import type { JsonObject } from '../json.ts'

/** How the values of an index are compared; which queries it serves follows from that. */
export type IndexMethod = 'composite' | 'text' | 'fulltext' | 'geo'

/**
 * An index that a type declares. `building`: every write keeps it, records written before it was
 * declared are still being added. `ready`: it holds them all, and queries may use it.
 */
export type DeclaredIndex = {
  /** Minted when it is declared: the same name declared again is another index. */
  readonly id: string
  /** Unique in its type. */
  readonly name: string
  readonly method: IndexMethod
  /**
   * What it is made of, in order: `name`, or `properties.<key>` with further keys after dots. Empty
   * for `geo`, which is of the location.
   */
  readonly fields: readonly string[]
  readonly status: 'building' | 'ready'
}

/** A record that is not as a narrower schema wants it. */
export type Counterexample = {
  readonly id: string
  readonly external_id: string | null
  readonly errors: readonly FieldError[]
}

/**
 * A schema that the type shall have. `checking`: new writes have to satisfy it already, and the
 * records there are being checked. `refused`: some of them do not, and writes are free of it again.
 */
export type TypeChange =
  | { readonly status: 'checking'; readonly json_schema: JsonObject }
  | {
      readonly status: 'refused'
      readonly json_schema: JsonObject
      readonly examples: readonly Counterexample[]
    }

/** A type without its name: what an event of it says before and after. */
export type TypeState = {
  readonly json_schema: JsonObject
  readonly change: TypeChange | null
  readonly indexes: readonly DeclaredIndex[]
}

/**
 * Work left in the background: checking records against a narrower schema, adding records to an
 * index, and removing the entries of an index that is no longer declared.
 */
export type TypeTask = 'check' | `build:${string}` | `drop:${string}`
