import type { Kind } from '../../../core/log/commands.ts'
import { type Image, isTypeEvent, type TypeEventKind } from '../../../core/log/events.ts'
import type { Entity, Relationship, TypeDefinition } from '../../../core/log/records.ts'
import type { CommitAnswer } from '../../../core/log/requests.ts'

/** Everything that is stored of one graph, times as RFC 3339. */
export type GraphContents = {
  readonly head: GraphHead
  /** By id. */
  readonly entities: readonly StoredEntity[]
  readonly relationships: readonly StoredRelationship[]
  /** By kind and name. */
  readonly types: readonly TypeDefinition[]
  /** By kind, name and task. */
  readonly tasks: readonly StoredTask[]
  /** By seq. */
  readonly events: readonly StoredEvent[]
  /** By commit id. */
  readonly commits: readonly StoredCommit[]
}

export type GraphHead = {
  readonly seq: number
  readonly epoch: number
  readonly term: number
  readonly schema_seq: number
  readonly history_id: string
}

export type StoredEntity = Entity & { readonly name_key: string }

export type StoredRelationship = Relationship & { readonly created_seq: number }

/** Work that is left for a type; how far it is does not follow from the log. */
export type StoredTask = {
  readonly kind: Kind
  readonly name: string
  readonly task: string
  readonly since_seq: number
}

export type TypeImage = Omit<TypeDefinition, 'name'>

type EventOf<Kind extends string, Before, After> = {
  readonly kind: Kind
  readonly before: Before
  readonly after: After
}

/** An event of a record or of a type, with its images. */
export type StoredEvent = {
  readonly seq: number
  readonly at: string
  readonly subject_id: string | null
  readonly type: string | null
  readonly external_id: string | null
  readonly from_id: string | null
  readonly to_id: string | null
  readonly actor: string
  readonly request_id: string
  readonly commit_id: string
} & (
  | EventOf<`${'entity' | 'relationship'}.created`, null, Image>
  | EventOf<`${'entity' | 'relationship'}.updated`, Image, Image>
  | EventOf<`${'entity' | 'relationship'}.deleted`, Image, null>
  | EventOf<'type.defined', null, TypeImage>
  | EventOf<'type.changing', TypeImage | null, TypeImage>
  | EventOf<'type.changed' | 'type.change_refused' | 'type.indexed', TypeImage, TypeImage>
  | EventOf<'type.removed', TypeImage, null>
)

export type StoredTypeEvent = Extract<StoredEvent, { kind: TypeEventKind }>
export type StoredRecordEvent = Exclude<StoredEvent, StoredTypeEvent>

export function isStoredTypeEvent(event: StoredEvent): event is StoredTypeEvent {
  return isTypeEvent(event.kind)
}

export type StoredCommit = {
  readonly commit_id: string
  readonly fingerprint: string
  readonly answer: Extract<CommitAnswer, { status: 'committed' }>
  readonly at: string
}

/** The content that a record's row holds, as its image would say it. */
export function imageOf(record: StoredEntity | StoredRelationship): Image {
  const { version, external_id, properties, created_at, updated_at } = record
  const { name, location } = 'name' in record ? record : { name: null, location: null }
  return { version, external_id, name, location, properties, created_at, updated_at }
}
