import type { Entity, Relationship } from '../log/records.ts'

/** What a write decides itself, so that it is no part of a record's content. */
export type Metadata = Pick<Entity, 'version' | 'created_at' | 'updated_at'>

export type ExportedEntity = { readonly kind: 'entity' } & Omit<Entity, keyof Metadata> &
  Partial<Metadata>
export type ExportedRelationship = { readonly kind: 'relationship' } & Omit<
  Relationship,
  keyof Metadata
> &
  Partial<Metadata>

/** A record as exports write it; with `Metadata` or without. */
export type Exported = ExportedEntity | ExportedRelationship

/** Records of an export from the first on, each time it is called: some formats need to look twice. */
export type Records<T extends Exported = Exported> = () => AsyncIterable<T>
