import type { Command, Kind, Ref } from '../../core/log/commands.ts'
import type { CurrentRecord, FindCurrent } from '../../core/log/fold.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import { getEntities } from '../../db/queries/entities.ts'
import { getRelationships } from '../../db/queries/relationships.ts'
import type { GraphContext } from '../context.ts'

/**
 * Reads the records that patches build on, and where one request names some records by id and some by
 * external id, all it names: it may name one record in both ways. Otherwise nothing is read.
 */
export async function readCurrent(
  { services, graph }: GraphContext,
  commands: readonly Command[],
): Promise<FindCurrent> {
  const shard = services.shard(graph.shardId)
  const entityNames = namesToRead(commands, 'entity')
  const relationshipNames = namesToRead(commands, 'relationship')
  const [entities, relationships] = await Promise.all([
    isEmpty(entityNames) ? [] : getEntities(shard, graph, entityNames).then(({ value }) => value),
    isEmpty(relationshipNames)
      ? []
      : getRelationships(shard, graph, relationshipNames).then(({ value }) => value),
  ])
  if (entities.length === 0 && relationships.length === 0) return () => undefined
  const byName = new Map<string, CurrentRecord>()
  for (const record of entities) index(byName, 'entity', entityRecord(record))
  for (const record of relationships) index(byName, 'relationship', relationshipRecord(record))
  return (kind, ref) => byName.get(nameOf(kind, ref))
}

type Names = { readonly ids: string[]; readonly externalIds: string[] }

function namesToRead(commands: readonly Command[], kind: Kind): Names {
  const ofKind = commands.filter((command) => command.kind === kind)
  const all = namesOf(ofKind)
  const isMixed = all.ids.length > 0 && all.externalIds.length > 0
  return isMixed ? all : namesOf(ofKind.filter(({ action }) => action === 'patch'))
}

/** What commands call the records that may exist already. */
function namesOf(commands: readonly Command[]): Names {
  const names: Names = { ids: [], externalIds: [] }
  for (const command of commands) {
    const ref = existingRef(command)
    if (ref === null) continue
    if ('id' in ref) names.ids.push(ref.id)
    else names.externalIds.push(ref.externalId)
  }
  return names
}

function existingRef(command: Command): Ref | null {
  switch (command.action) {
    case 'create':
      return null
    case 'upsert':
      return command.externalId === null ? { id: command.id } : { externalId: command.externalId }
    case 'patch':
    case 'delete':
      return command.target
  }
}

function isEmpty({ ids, externalIds }: Names): boolean {
  return ids.length === 0 && externalIds.length === 0
}

function index(byName: Map<string, CurrentRecord>, kind: Kind, record: CurrentRecord): void {
  byName.set(nameOf(kind, { id: record.id }), record)
  if (record.externalId !== null) {
    byName.set(nameOf(kind, { externalId: record.externalId }), record)
  }
}

function nameOf(kind: Kind, ref: Ref): string {
  return 'id' in ref ? `${kind}:i:${ref.id}` : `${kind}:x:${ref.externalId}`
}

function entityRecord(entity: Entity): CurrentRecord {
  const { id, external_id, type, version, name, location, properties } = entity
  return { id, externalId: external_id, type, version, content: { name, location, properties } }
}

function relationshipRecord(relationship: Relationship): CurrentRecord {
  const { id, external_id, type, version, properties } = relationship
  const content = { name: null, location: null, properties }
  return { id, externalId: external_id, type, version, content }
}
