import type { Dataset, EntityRow, RelationshipRow } from './dataset.ts'

/** Requests in the order they must be made: all of the first list, then those of the second. */
export type Bodies = readonly [entities: readonly string[], relationships: readonly string[]]

/** NDJSON for `POST /import`, `rows` of them each. */
export function importBodies({ entities, relationships }: Dataset, rows: number): Bodies {
  const lines = (all: readonly object[]) =>
    chunked(all, rows).map((chunk) => chunk.map((row) => JSON.stringify(row)).join('\n'))
  return [
    lines(entities.map((row) => ({ kind: 'entity', ...entityBody(row) }))),
    lines(relationships.map((row) => ({ kind: 'relationship', ...relationshipBody(row) }))),
  ]
}

/** JSON for `POST /batch`, `rows` creations each. */
export function batchBodies({ entities, relationships }: Dataset, rows: number): Bodies {
  const bodies = (all: readonly object[]) =>
    chunked(all, rows).map((commands) => JSON.stringify({ commands }))
  return [
    bodies(entities.map((row) => ({ action: 'create_entity', ...entityBody(row) }))),
    bodies(
      relationships.map((row) => ({ action: 'create_relationship', ...relationshipBody(row) })),
    ),
  ]
}

function entityBody({ type, externalId, name, location, properties }: EntityRow) {
  return { type, external_id: externalId, name, ...(location ? { location } : {}), properties }
}

function relationshipBody({ type, externalId, from, to, properties }: RelationshipRow) {
  return {
    type,
    external_id: externalId,
    from_external_id: from.externalId,
    to_external_id: to.externalId,
    properties,
  }
}

function chunked<T>(all: readonly T[], size: number): T[][] {
  const chunks: T[][] = []
  for (let i = 0; i < all.length; i += size) chunks.push(all.slice(i, i + size))
  return chunks
}
