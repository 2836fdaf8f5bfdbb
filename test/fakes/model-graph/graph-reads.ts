import type { JsonObject } from '../../../core/json.ts'
import type { Ref } from '../../../core/log/commands.ts'
import type { Entity, Neighbor, Relationship, TypeDefinition } from '../../../core/log/records.ts'
import type { ModelGraph } from './model-graph.ts'

/** Conditions of a list; `null` is none. Properties are compared one by one. */
export type ModelFilter = {
  readonly type: string | null
  readonly properties: JsonObject
  readonly fromId?: string | null
  readonly toId?: string | null
}

/** What the queries of a shard answer, from the graph as it is at the moment of the call. */
export function readEntity(graph: ModelGraph, ref: Ref): Entity | null {
  return ('id' in ref ? graph.entities.get(ref.id) : graph.entities.named(ref.externalId)) ?? null
}

export function readRelationship(graph: ModelGraph, ref: Ref): Relationship | null {
  const { relationships } = graph
  return ('id' in ref ? relationships.get(ref.id) : relationships.named(ref.externalId)) ?? null
}

/** By id. */
export function listEntities(graph: ModelGraph, filter: ModelFilter): Entity[] {
  return [...graph.entities.all()].filter((entity) => fits(entity, filter)).sort(byId)
}

/** By id. */
export function listRelationships(graph: ModelGraph, filter: ModelFilter): Relationship[] {
  const { fromId = null, toId = null } = filter
  return [...graph.relationships.all()]
    .filter(
      (each) =>
        fits(each, filter) &&
        (fromId === null || each.from_id === fromId) &&
        (toId === null || each.to_id === toId),
    )
    .sort(byId)
}

/** By type and age; a self-loop once, as `out`. `null`: no such entity. */
export function listNeighbors(graph: ModelGraph, id: string): Neighbor[] | null {
  if (!graph.entities.get(id)) return null
  const relationships = [...graph.relationships.idsAt(id)]
    .map((each) => graph.relationships.get(each))
    .filter((each) => each !== undefined)
    .sort((a, b) => (a.type === b.type ? a.created_seq - b.created_seq : a.type < b.type ? -1 : 1))
  return relationships.flatMap((relationship): Neighbor[] => {
    const direction = relationship.from_id === id ? 'out' : 'in'
    const far = direction === 'out' ? relationship.to_id : relationship.from_id
    const entity = graph.entities.get(far)
    return entity ? [{ direction, relationship, entity }] : []
  })
}

/** By kind and name. */
export function listTypes(graph: ModelGraph): TypeDefinition[] {
  return [...graph.types.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, type]) => type)
}

function fits(record: Entity | Relationship, { type, properties }: ModelFilter): boolean {
  if (type !== null && record.type !== type) return false
  return Object.entries(properties).every(([key, value]) => record.properties[key] === value)
}

function byId(a: { readonly id: string }, b: { readonly id: string }): number {
  return a.id < b.id ? -1 : 1
}
