import { type SQL, sql } from 'drizzle-orm'
import type { JsonObject } from '../../core/json.ts'
import type { Image } from '../../core/log/events.ts'
import type { Change, Entity, Relationship, TypeDefinition } from '../../core/log/records.ts'
import type { DeclaredIndex, TypeChange } from '../../core/types/definition.ts'
import type { Row } from '../client.ts'
import { rfc3339 } from '../postgres-text.ts'

export const ENTITY_COLUMNS: SQL = sql`id, type, external_id, name, latitude, longitude, properties,
  version, created_at, updated_at`

export const RELATIONSHIP_COLUMNS: SQL = sql`id, type, from_id, to_id, external_id, properties,
  version, created_at, updated_at`

export function toEntity(row: Row): Entity {
  const { latitude, longitude } = row
  return {
    id: row.id as string,
    type: row.type as string,
    external_id: row.external_id as string | null,
    name: row.name as string | null,
    location: latitude === null ? null : { lat: latitude as number, lon: longitude as number },
    properties: row.properties as JsonObject,
    version: row.version as number,
    created_at: row.created_at as string,
    updated_at: row.updated_at as string,
  }
}

export function toRelationship(row: Row): Relationship {
  return {
    id: row.id as string,
    type: row.type as string,
    from_id: row.from_id as string,
    to_id: row.to_id as string,
    external_id: row.external_id as string | null,
    properties: row.properties as JsonObject,
    version: row.version as number,
    created_at: row.created_at as string,
    updated_at: row.updated_at as string,
  }
}

export const EVENT_COLUMNS: SQL = sql`seq, at, kind, subject_id, type, external_id, from_id, to_id,
  actor, request_id, before, after`

export function toChange(row: Row): Change {
  return {
    seq: row.seq as number,
    at: row.at as string,
    kind: row.kind as string,
    id: row.subject_id as string | null,
    type: row.type as string | null,
    external_id: row.external_id as string | null,
    from_id: row.from_id as string | null,
    to_id: row.to_id as string | null,
    actor: row.actor as string,
    request_id: row.request_id as string,
    ...(isErased(row)
      ? { before: null, after: null, erased: true as const }
      : { before: toChangeImage(row.before), after: toChangeImage(row.after) }),
  }
}

/** Whether the content of an event's images is erased. */
export function isErased({ before, after }: Row): boolean {
  return ((after ?? before) as Image | null)?.erased_bytes !== undefined
}

/** The entity that an event's row says its `after` (or `before`) image was. */
export function entityFromImage(row: Row, which: 'before' | 'after'): Entity {
  const image = toImage(row[which])
  if (!image) throw new TypeError(`the event ${row.seq} has no image ${which} it`)
  return {
    id: row.subject_id as string,
    type: row.type as string,
    external_id: image.external_id,
    name: image.name,
    location: image.location,
    properties: image.properties,
    version: image.version,
    created_at: image.created_at,
    updated_at: image.updated_at,
  }
}

/** The same for a relationship. */
export function relationshipFromImage(row: Row, which: 'before' | 'after'): Relationship {
  const image = toImage(row[which])
  if (!image) throw new TypeError(`the event ${row.seq} has no image ${which} it`)
  return {
    id: row.subject_id as string,
    type: row.type as string,
    from_id: row.from_id as string,
    to_id: row.to_id as string,
    external_id: image.external_id,
    properties: image.properties,
    version: image.version,
    created_at: image.created_at,
    updated_at: image.updated_at,
  }
}

/** Not only records have images: those of types have times too, others have none. */
function toChangeImage(value: unknown): JsonObject | null {
  const image = value as (JsonObject & Image) | null
  return image?.created_at === undefined ? image : { ...image, ...toImage(image) }
}

/** Times inside JSON come in PostgreSQL's form. */
function toImage(value: unknown): Image | null {
  if (value === null || value === undefined) return null
  const image = value as Image
  return {
    ...image,
    created_at: rfc3339(image.created_at),
    updated_at: rfc3339(image.updated_at),
  }
}

export const TYPE_COLUMNS: SQL = sql`kind, name, json_schema, change, indexes, version, created_at,
  updated_at`

export function toTypeDefinition(row: Row): TypeDefinition {
  return {
    kind: row.kind as 'entity' | 'relationship',
    name: row.name as string,
    json_schema: row.json_schema as JsonObject,
    change: row.change as TypeChange | null,
    indexes: row.indexes as DeclaredIndex[],
    version: row.version as number,
    created_at: row.created_at as string,
    updated_at: row.updated_at as string,
  }
}
