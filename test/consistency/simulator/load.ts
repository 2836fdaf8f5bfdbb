import type { LoadedValue } from '../../../core/cache/log-reader.ts'
import { listTags, neighborsTags, recordTags, typesTags } from '../../../core/log/read-tags.ts'
import type { Entity, Neighbor, Relationship, TypeDefinition } from '../../../core/log/records.ts'
import {
  listEntities,
  listNeighbors,
  listRelationships,
  listTypes,
  readEntity,
  readRelationship,
} from '../../fakes/model-graph/graph-reads.ts'
import type { ModelGraph } from '../../fakes/model-graph/model-graph.ts'
import type { RecordQuery } from './queries.ts'
import {
  ENTITIES,
  FIRST_RELATIONSHIP,
  FIRST_TYPE,
  RELATIONSHIPS,
  TYPES,
  type Universe,
} from './universe.ts'

/** A value as it is cached: what the query for it answers, whatever that is. */
export type Value =
  | Entity
  | Relationship
  | readonly Entity[]
  | readonly Relationship[]
  | readonly Neighbor[]
  | readonly TypeDefinition[]
  | null

const BYTES = 100
const NO_CONDITION = { externalId: null, fromId: null, toId: null }

/** What a query finds in the graph as it is now, with the tags of the shipped rules. */
export function load(
  graph: ModelGraph,
  query: RecordQuery,
  universe: Universe,
): LoadedValue<Value> {
  const { entityIds, relationshipIds } = universe
  switch (query.of) {
    case 'entity': {
      const ref = { id: entityIds[query.place] ?? '' }
      return { value: readEntity(graph, ref), tags: recordTags(ref), bytes: BYTES }
    }
    case 'entity name':
      return { value: readEntity(graph, query), tags: recordTags(query), bytes: BYTES }
    case 'relationship': {
      const ref = { id: relationshipIds[query.place - FIRST_RELATIONSHIP] ?? '' }
      return { value: readRelationship(graph, ref), tags: recordTags(ref), bytes: BYTES }
    }
    case 'relationship name':
      return { value: readRelationship(graph, query), tags: recordTags(query), bytes: BYTES }
    case 'entities': {
      const { type, color } = query
      const value = listEntities(graph, { type, properties: color === null ? {} : { color } })
      return { value, tags: listTags({ ...NO_CONDITION, type }), bytes: BYTES }
    }
    case 'relationships': {
      const { type } = query
      const fromId = query.from === null ? null : (entityIds[query.from] ?? '')
      const toId = query.to === null ? null : (entityIds[query.to] ?? '')
      const value = listRelationships(graph, { type, fromId, toId, properties: {} })
      return { value, tags: listTags({ type, externalId: null, fromId, toId }), bytes: BYTES }
    }
    case 'neighbors': {
      const id = entityIds[query.place] ?? ''
      const value = listNeighbors(graph, id)
      return { value, tags: neighborsTags(id, value ?? []), bytes: BYTES }
    }
    case 'types':
      return { value: listTypes(graph), tags: typesTags(), bytes: BYTES }
  }
}

/**
 * What a query looks at, where that is known before: then a client that has its answer can be told so
 * without a look at the value. Neighbours are known only when they were read.
 */
export function tagsBefore(query: RecordQuery, { entityIds, relationshipIds }: Universe) {
  switch (query.of) {
    case 'entity':
      return recordTags({ id: entityIds[query.place] ?? '' })
    case 'relationship':
      return recordTags({ id: relationshipIds[query.place - FIRST_RELATIONSHIP] ?? '' })
    case 'entities':
      return listTags({ ...NO_CONDITION, type: query.type })
    case 'relationships': {
      const fromId = query.from === null ? null : (entityIds[query.from] ?? '')
      const toId = query.to === null ? null : (entityIds[query.to] ?? '')
      return listTags({ type: query.type, externalId: null, fromId, toId })
    }
    case 'types':
      return typesTags()
    default:
      return null
  }
}

/** The same numbers as `project` gives, from what was answered. */
export function observe(query: RecordQuery, value: Value, universe: Universe): number[] {
  switch (query.of) {
    case 'entity':
    case 'relationship':
      return [numberOf(value as Entity | Relationship | null, universe)]
    case 'entity name':
    case 'relationship name': {
      const record = value as Entity | Relationship | null
      return [record ? universe.placeOf(record.id) : -1, numberOf(record, universe)]
    }
    case 'entities':
      return places(value as readonly Entity[], universe, 0, ENTITIES)
    case 'relationships':
      return places(value as readonly Relationship[], universe, FIRST_RELATIONSHIP, RELATIONSHIPS)
    case 'neighbors': {
      const neighbors = value as readonly Neighbor[] | null
      const relationships = (neighbors ?? []).map(({ relationship }) => relationship)
      const entities = (neighbors ?? []).map(({ entity }) => entity)
      return [
        neighbors === null ? 0 : 1,
        ...places(relationships, universe, FIRST_RELATIONSHIP, RELATIONSHIPS),
        ...places(entities, universe, 0, ENTITIES),
      ]
    }
    case 'types': {
      const defined = Array.from({ length: TYPES }, () => 0)
      for (const { name } of value as readonly TypeDefinition[]) {
        defined[universe.placeOf(name) - FIRST_TYPE] = 1
      }
      return defined
    }
  }
}

/** The graph as a whole in the form that is compared. */
export function stateOf(graph: ModelGraph, universe: Universe): number[] {
  return [
    ...places([...graph.entities.all()], universe, 0, ENTITIES),
    ...places([...graph.relationships.all()], universe, FIRST_RELATIONSHIP, RELATIONSHIPS),
    ...observe({ of: 'types' }, listTypes(graph), universe),
  ]
}

function places(
  records: readonly (Entity | Relationship)[],
  universe: Universe,
  first: number,
  count: number,
): number[] {
  const numbers = Array.from({ length: count }, () => 0)
  for (const record of records) {
    numbers[universe.placeOf(record.id) - first] = numberOf(record, universe)
  }
  return numbers
}

function numberOf(record: Entity | Relationship | null, universe: Universe): number {
  if (!record) return 0
  const { mark, color } = record.properties
  const ends =
    'from_id' in record
      ? { from: universe.placeOf(record.from_id), to: universe.placeOf(record.to_id) }
      : { from: -1, to: -1 }
  return universe.numberOf({
    mark: mark as number,
    color: color as number,
    type: record.type,
    externalId: record.external_id,
    ...ends,
  })
}
