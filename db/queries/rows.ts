import { type SQL, sql } from 'drizzle-orm'
import type { JsonObject } from '../../core/json.ts'
import type { Change, Entity, Relationship, TypeDefinition } from '../../core/log/records.ts'
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
    before: toImage(row.before),
    after: toImage(row.after),
  }
}

/** The record that an event's row says its `after` (or `before`) image was. */
export function entityFromImage(row: Row, image: 'before' | 'after'): Entity {
  const { id, type, ...rest } = toChange(row)
  return { id, type, ...rest[image] } as Entity
}

export function relationshipFromImage(row: Row, image: 'before' | 'after'): Relationship {
  const { id, type, from_id, to_id, ...rest } = toChange(row)
  const { name: _name, location: _location, ...content } = rest[image] ?? {}
  return { id, type, from_id, to_id, ...content } as unknown as Relationship
}

function toImage(value: unknown): JsonObject | null {
  if (value === null || value === undefined) return null
  const image = value as JsonObject & { created_at?: string; updated_at?: string }
  return {
    ...image,
    ...(image.created_at ? { created_at: rfc3339(image.created_at) } : {}),
    ...(image.updated_at ? { updated_at: rfc3339(image.updated_at) } : {}),
  }
}

export function toTypeDefinition(row: Row): TypeDefinition {
  return {
    kind: row.kind as 'entity' | 'relationship',
    name: row.name as string,
    json_schema: row.json_schema as JsonObject,
    version: row.version as number,
    created_at: row.created_at as string,
    updated_at: row.updated_at as string,
  }
}
