import type { ErrorCode } from '../errors.ts'
import type { IndexMethod, TypeState, TypeTask } from '../types/definition.ts'
import type { Content, Kind } from './commands.ts'
import type { TypeEventKind } from './events.ts'

/**
 * One end of a new relationship: an existing entity by `id` or `externalId`, or the entity that
 * operation number `op` of the same request writes.
 */
export type EndRef =
  | { readonly id: string }
  | { readonly externalId: string }
  | { readonly op: number }

type OpBase = {
  /** Position of the first command that this operation came from; unique in its request. */
  readonly op: number
  readonly id: string | null
  readonly externalId: string | null
}

/**
 * All commands of a request on one record, folded into one (C4). Every operation but a deletion
 * carries the whole content after it; an `update` also the version that content was made from.
 */
export type EntityOp = OpBase &
  (
    | { readonly action: 'create' | 'upsert'; readonly type: string; readonly content: Content }
    | { readonly action: 'update'; readonly expectedVersion: number; readonly content: Content }
    | { readonly action: 'delete'; readonly expectedVersion: number | null }
  )

export type RelationshipOp = OpBase &
  (
    | {
        readonly action: 'create' | 'upsert'
        readonly type: string
        readonly from: EndRef
        readonly to: EndRef
        readonly content: Content
      }
    | { readonly action: 'update'; readonly expectedVersion: number; readonly content: Content }
    | { readonly action: 'delete'; readonly expectedVersion: number | null }
  )

/**
 * A type as it shall be from now on. Whoever decides it has read the types at the request's
 * `schemaSeq`, and the log refuses a request whose schema is no longer the graph's.
 */
export type TypeOp = {
  readonly op: number
  readonly event: TypeEventKind
  readonly kind: Kind
  readonly name: string
  /** `null`: the type is not defined any more. */
  readonly after: TypeState | null
  /** Refused with `type_in_use` when the graph has a record of the type. */
  readonly onlyIfUnused: boolean
  /** A task that is there already starts anew. */
  readonly startTasks: readonly TypeTask[]
  readonly endTasks: readonly TypeTask[]
}

/** Who did it and under which request: becomes part of every event, which is the audit. */
export type Origin = {
  readonly actor: string
  readonly requestId: string
}

/** A deleted entity whose content the log is to forget: one by `id`, or all that had an external id. */
export type ErasedRef = { readonly op: number } & (
  | { readonly id: string }
  | { readonly externalId: string }
)

export type Erasure = {
  readonly refs: readonly ErasedRef[]
  /** Kept in the log; `null`: none was given. */
  readonly reason: string | null
}

/** What the graph's log is asked to append, all or nothing unless `atomic` is false. */
export type GraphRequest = Origin & {
  /** Names this request for good: a repeat returns the first answer (C3). */
  readonly commitId: string
  /** Digest of what the caller sent: the same commit id with another one is a mistake. */
  readonly fingerprint: string
  /**
   * The history in which the caller saw the versions that it names, as an ETag has it: in another one
   * they are no versions of these records (H1). Absent: it named none.
   */
  readonly seenHistory?: string
  /** `false`: every operation stands for itself, and a refused one leaves the others be. */
  readonly atomic: boolean
  /** The schema the request was validated against (C5). */
  readonly schemaSeq: number
  /** Methods of the indexes which that schema declares: the commit keeps them. Default: none. */
  readonly indexMethods?: readonly IndexMethod[]
  readonly entities: readonly EntityOp[]
  readonly relationships: readonly RelationshipOp[]
  readonly types: readonly TypeOp[]
  /** Tags whose cached values are to be read anew; such a request does nothing else. Default: none. */
  readonly purge?: readonly string[]
  /** What is to be erased from the log; such a request does nothing else. Default: nothing. */
  readonly erase?: Erasure
}

/** Never a caller's concern: a type in use is changed in another way. */
export const TYPE_IN_USE = 'type_in_use'

export type RefusalCode =
  | typeof TYPE_IN_USE
  | Extract<
      ErrorCode,
      | 'id_taken'
      | 'external_id_taken'
      | 'type_mismatch'
      | 'ends_mismatch'
      | 'from_not_found'
      | 'to_not_found'
      | 'not_found'
      | 'still_exists'
      | 'version_mismatch'
      | 'too_many_relationships'
      | 'email_taken'
      | 'name_taken'
      | 'last_graph'
      | 'registration_refused'
    >

export type Outcome = 'created' | 'updated' | 'unchanged' | 'deleted'

export type OpDone = {
  readonly op: number
  readonly outcome: Outcome
  readonly id: string
  /** Seq of the event that last changed the record. */
  readonly version: number
  readonly createdAt: string
  readonly updatedAt: string
}

export type OpRefused = {
  readonly op: number
  readonly refused: RefusalCode
  /** Version of the record as it is, where the refusal is about its version. */
  readonly version?: number
}

export type OpResult = OpDone | OpRefused

export type CommitAnswer =
  /** `seq`: the graph's head that contains this request. `replayed`: this is the first answer again. */
  | {
      readonly status: 'committed'
      readonly seq: number
      readonly historyId: string
      readonly replayed: boolean
      readonly results: readonly OpResult[]
    }
  | { readonly status: 'refused'; readonly seq: number; readonly refusals: readonly OpRefused[] }
  /** Validated against a schema that is no longer the graph's: validate again. */
  | { readonly status: 'schema_moved'; readonly schemaSeq: number }
  | { readonly status: 'fingerprint_mismatch' }
  /** The log is not here: deleted, or moved to another epoch. */
  | { readonly status: 'no_such_log' }
  /** Nothing was written, and nothing of it can be written later. */
  | { readonly status: 'not_committed'; readonly reason: string }
  /** It may or may not have been written: only a repeat with the same commit id can tell. */
  | { readonly status: 'outcome_unknown'; readonly reason: string }
