import type { JsonObject } from '../json.ts'
import type { Location } from './commands.ts'

export type GraphEventKind =
  | 'entity.created'
  | 'entity.updated'
  | 'entity.deleted'
  | 'relationship.created'
  | 'relationship.updated'
  | 'relationship.deleted'
  | TypeEventKind
  /** Cached values that depend on the tag in its `type` are to be read anew. Changes no record. */
  | 'cache.purged'
  /** What the log said of an entity, which is deleted, and of its relationships is blanked. */
  | 'record.erased'

export type TypeEventKind =
  | 'type.defined'
  /** A narrower schema binds every write from here on, and older records are being checked. */
  | 'type.changing'
  | 'type.changed'
  /** Some record is not as the narrower schema wants it: the former schema goes on alone. */
  | 'type.change_refused'
  | 'type.removed'
  /** An index holds every record of the type. */
  | 'type.indexed'

export type TenantEventKind =
  | 'tenant.registered'
  | 'key.created'
  | 'key.revoked'
  | 'graph.created'
  | 'graph.deleted'
  | 'invitation.created'
  | 'invitation.revoked'

/** A record as it stood before or after an event; what never changes is in the event itself. */
export type Image = {
  readonly version: number
  readonly external_id: string | null
  readonly name: string | null
  readonly location: Location | null
  readonly properties: JsonObject
  readonly created_at: string
  readonly updated_at: string
  /** The content is erased; it had so many UTF-8 bytes. Absent: it is not. */
  readonly erased_bytes?: number
}

/** Whether an event changes a type, and with it the graph's schema. */
export function isTypeEvent(kind: string): kind is TypeEventKind {
  return kind.startsWith('type.')
}

/** What an event touched, without its images: all that tags and subscribers' filters need. */
export type EventHeader = {
  readonly seq: number
  readonly kind: GraphEventKind | TenantEventKind
  /** Id of the entity, relationship, key or graph; for a type, the name it has is `type`. */
  readonly subjectId: string | null
  readonly type: string | null
  readonly fromId: string | null
  readonly toId: string | null
  readonly externalId: string | null
}
