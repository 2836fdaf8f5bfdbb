import { notFound } from '../../../core/errors.ts'
import { logTags, recordTags } from '../../../core/log/read-tags.ts'
import type { Entity } from '../../../core/log/records.ts'
import { getEntities } from '../../../db/queries/entities.ts'
import type { GraphContext } from '../../context.ts'
import { readValues } from '../read-graph.ts'

/** How a request names an entity. */
export type EntityRef = { readonly id: string } | { readonly externalId: string }

export type EntityIds = {
  readonly ids: readonly string[]
  /** The seq that external ids were looked up at; 0 without any. */
  readonly seq: number
}

/**
 * The ids of entities, in the order of their names. An entity never changes its external id: whoever finds
 * the id at a later seq finds the entity that was meant. Throws `not_found`.
 */
export async function entityIds(
  context: GraphContext,
  names: readonly EntityRef[],
): Promise<EntityIds> {
  const externalIds = [
    ...new Set(names.flatMap((name) => ('externalId' in name ? [name.externalId] : []))),
  ]
  if (externalIds.length === 0) {
    return { ids: names.flatMap((name) => ('id' in name ? [name.id] : [])), seq: 0 }
  }
  const { services, graph } = context
  const read = await readValues<Entity | null>(context, 'entity', {
    names: externalIds.map((externalId) => `x:${externalId}`),
    tags: (_value, i) => {
      const externalId = externalIds[i]
      return externalId === undefined ? logTags() : recordTags({ externalId })
    },
    load: async (indexes) => {
      const wanted = indexes.flatMap((i) => externalIds[i] ?? [])
      const shard = services.shard(graph.shardId)
      const { value, ...at } = await getEntities(shard, graph, { ids: [], externalIds: wanted })
      const found = new Map(value.map((entity) => [entity.external_id, entity]))
      return { value: wanted.map((externalId) => found.get(externalId) ?? null), ...at }
    },
  })
  const byExternalId = new Map(externalIds.map((externalId, i) => [externalId, read.value[i]]))
  const ids = names.map((name) => {
    if ('id' in name) return name.id
    const entity = byExternalId.get(name.externalId)
    if (!entity) throw notFound(`the entity with external id ${JSON.stringify(name.externalId)}`)
    return entity.id
  })
  return { ids, seq: read.seq }
}
