import { notFound } from '../../../core/errors.ts'
import { logTags, recordTags } from '../../../core/log/read-tags.ts'
import type { Entity } from '../../../core/log/records.ts'
import { getEntities, type ReadAt } from '../../../db/queries/entities.ts'
import type { GraphContext } from '../../context.ts'
import { freshnessOf } from '../access.ts'
import { readValues } from '../read-graph.ts'
import { type AnswerAt, type NamesAt, whileNamesHold } from './while-names-hold.ts'

/** How a request names an entity. */
export type EntityRef = { readonly id: string } | { readonly externalId: string }

/**
 * Asks `run` with the ids of entities, in the order of their names; `atLeast` is a seq that external ids
 * were looked up at, 0 without any. At the seq of the answer they name the same entities (R1). Throws
 * `not_found` for one that names nothing.
 */
export function withEntityIds<T extends AnswerAt>(
  context: GraphContext,
  names: readonly EntityRef[],
  run: (ids: readonly string[], atLeast: number) => Promise<T>,
): Promise<T> {
  if (names.every(isId)) {
    return run(
      names.map(({ id }) => id),
      0,
    )
  }
  const externalIds = [
    ...new Set(names.flatMap((name) => ('externalId' in name ? [name.externalId] : []))),
  ]
  const { services, graph, graphReader } = context
  return whileNamesHold({
    log: graphReader ?? services.reader(graph),
    freshness: freshnessOf(context, graph),
    tags: externalIds.flatMap((externalId) => recordTags({ externalId })),
    async lookUp(isAnew) {
      const read = isAnew
        ? await fromPrimary(context, externalIds)
        : await fromCache(context, externalIds)
      return idsOf(names, externalIds, read)
    },
    run,
  })
}

function isId(name: EntityRef): name is { readonly id: string } {
  return 'id' in name
}

type Found = ReadAt<readonly (Entity | null)[]>

function fromCache(context: GraphContext, externalIds: readonly string[]): Promise<Found> {
  return readValues<Entity | null>(context, 'entity', {
    names: externalIds.map((externalId) => `x:${externalId}`),
    tags: (_value, i) => {
      const externalId = externalIds[i]
      return externalId === undefined ? logTags() : recordTags({ externalId })
    },
    load: (indexes) =>
      fromPrimary(
        context,
        indexes.flatMap((i) => externalIds[i] ?? []),
      ),
  })
}

async function fromPrimary(
  { services, graph }: GraphContext,
  externalIds: readonly string[],
): Promise<Found> {
  const shard = services.shard(graph.shardId)
  const { value, ...at } = await getEntities(shard, graph, { ids: [], externalIds })
  const found = new Map(value.map((entity) => [entity.external_id, entity]))
  return { value: externalIds.map((externalId) => found.get(externalId) ?? null), ...at }
}

function idsOf(
  names: readonly EntityRef[],
  externalIds: readonly string[],
  { value, seq, historyId }: Found,
): NamesAt {
  const byExternalId = new Map(externalIds.map((externalId, i) => [externalId, value[i]]))
  const ids = names.map((name) => {
    if ('id' in name) return name.id
    const entity = byExternalId.get(name.externalId)
    if (!entity) throw notFound(`the entity with external id ${JSON.stringify(name.externalId)}`)
    return entity.id
  })
  return { ids, seq, historyId }
}
