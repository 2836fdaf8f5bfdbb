import type { Ref } from './commands.ts'
import type { ListQuery } from './list-query.ts'
import type { Neighbor } from './records.ts'

/** Past so many tags a read carries the graph's instead (T3). */
export const MAX_TAGS = 64

/**
 * A record by one of its names, also when there is none. A record's own events touch both names, so
 * that the one asked for is enough.
 */
export function recordTags(ref: Ref): readonly string[] {
  return ['id' in ref ? `e:${ref.id}` : `x:${ref.externalId}`]
}

/** Several records as one value. */
export function recordsTags(refs: readonly Ref[]): readonly string[] {
  return bounded(refs.flatMap(recordTags))
}

/**
 * A page of records: the narrowest of what its conditions leave to examine. What is at an end or has
 * an external id is found by those; any other condition rejects records it has looked at.
 */
export function listTags(
  query: Pick<ListQuery, 'type' | 'externalId' | 'fromId' | 'toId'>,
): readonly string[] {
  const { type, externalId, fromId, toId } = query
  if (externalId !== null) return [`x:${externalId}`]
  const end = fromId ?? toId
  if (end !== null) return [`n:${end}`]
  return [type === null ? 'g' : `t:${type}`]
}

/**
 * Neighbours of an entity: its relationships, itself (`null` when it is not there), and every entity
 * that the answer shows.
 */
export function neighborsTags(
  id: string,
  shown: readonly Pick<Neighbor, 'entity'>[],
): readonly string[] {
  return bounded([`n:${id}`, `e:${id}`, ...shown.map(({ entity }) => `e:${entity.id}`)])
}

/** The types of a graph. */
export function typesTags(): readonly string[] {
  return ['s']
}

function bounded(tags: readonly string[]): readonly string[] {
  const distinct = [...new Set(tags)]
  return distinct.length > MAX_TAGS ? ['g'] : distinct
}

/** The whole log: reads that show it, or what only its end tells. */
export function logTags(): readonly string[] {
  return ['g']
}
