import type { Kind } from '../../../core/log/commands.ts'
import { nameKey } from '../../../core/log/name-key.ts'
import type { TypeDefinition } from '../../../core/log/records.ts'
import {
  isStoredTypeEvent,
  type StoredEntity,
  type StoredEvent,
  type StoredRecordEvent,
  type StoredRelationship,
} from './contents.ts'
import { Groups, Timelines } from './timelines.ts'

export type StoredRecord = StoredEntity | StoredRelationship

/** What a graph was at every seq, rebuilt from nothing but its events. */
export class ReplayedLog {
  readonly #entities = new Timelines<StoredEntity>()
  readonly #relationships = new Timelines<StoredRelationship>()
  readonly #types = new Timelines<TypeDefinition>()
  readonly #schemaSeqs: number[] = []
  // All that ever had them: an id can come back with other names and ends.
  readonly #byExternalId = new Groups()
  readonly #byEnd = new Groups()

  /** What an event lacks is left out here, and found by `eventProblems`. */
  constructor(events: readonly StoredEvent[]) {
    for (const event of events) this.#append(event)
  }

  entity(id: string, seq: number): StoredEntity | undefined {
    return this.#entities.at(id, seq)
  }

  relationship(id: string, seq: number): StoredRelationship | undefined {
    return this.#relationships.at(id, seq)
  }

  record(kind: Kind, id: string, seq: number): StoredRecord | undefined {
    return kind === 'entity' ? this.entity(id, seq) : this.relationship(id, seq)
  }

  recordNamed(kind: Kind, externalId: string, seq: number): StoredRecord | undefined {
    return this.#byExternalId
      .of(`${kind}:${externalId}`)
      .map((id) => this.record(kind, id, seq))
      .find((record) => record?.external_id === externalId)
  }

  /** In no particular order; a self-loop once. */
  relationshipsOf(entityId: string, seq: number): StoredRelationship[] {
    return this.#byEnd
      .of(entityId)
      .map((id) => this.relationship(id, seq))
      .filter((relationship) => relationship !== undefined)
      .filter(({ from_id, to_id }) => from_id === entityId || to_id === entityId)
  }

  type(kind: Kind, name: string, seq: number): TypeDefinition | undefined {
    return this.#types.at(`${kind}:${name}`, seq)
  }

  isTypeInUse(kind: Kind, name: string, seq: number): boolean {
    return this.allAt(kind, seq).some((record) => record.type === name)
  }

  schemaSeq(seq: number): number {
    return this.#schemaSeqs.findLast((each) => each <= seq) ?? 0
  }

  allAt(kind: Kind, seq: number): StoredRecord[] {
    return kind === 'entity' ? this.#entities.allAt(seq) : this.#relationships.allAt(seq)
  }

  typesAt(seq: number): TypeDefinition[] {
    return this.#types.allAt(seq)
  }

  #append(event: StoredEvent): void {
    const { seq, type, subject_id: id, external_id } = event
    if (type === null) return
    if (isStoredTypeEvent(event)) {
      const { before, after } = event
      const kind = (after ?? before)?.kind
      this.#types.set(`${kind}:${type}`, seq, after && { name: type, ...after })
      this.#schemaSeqs.push(seq)
      return
    }
    if (id === null) return
    const kind = kindOf(event)
    if (external_id !== null) this.#byExternalId.add(`${kind}:${external_id}`, id)
    if (event.after === null) {
      const records = kind === 'entity' ? this.#entities : this.#relationships
      records.set(id, seq, null)
    } else if (kind === 'entity') {
      const { after } = event
      this.#entities.set(id, seq, { id, type, ...after, name_key: nameKey(after.name) })
    } else this.#setRelationship(event, { id, type })
  }

  #setRelationship(
    { seq, from_id, to_id, after }: StoredEvent,
    key: { readonly id: string; readonly type: string },
  ): void {
    if (from_id === null || to_id === null || after === null || !('external_id' in after)) return
    const { name: _name, location: _location, ...content } = after
    const created_seq = this.relationship(key.id, seq)?.created_seq ?? seq
    this.#relationships.set(key.id, seq, { ...key, from_id, to_id, ...content, created_seq })
    this.#byEnd.add(from_id, key.id)
    this.#byEnd.add(to_id, key.id)
  }
}

export function kindOf({ kind }: StoredRecordEvent): Kind {
  return kind.startsWith('entity.') ? 'entity' : 'relationship'
}
