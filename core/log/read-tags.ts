import type { ListQuery } from './list-query.ts'
import type { Neighbor } from './records.ts'

/** Tags that reads carry (T3): everything they examined, also what was not there. */
export const readTags = {
  record: (id: string) => [`e:${id}`],
  /** Whether found or not: a record with that external id may come, go and change. */
  externalId: (externalId: string, found: { readonly id: string } | null) =>
    found ? [`x:${externalId}`, `e:${found.id}`] : [`x:${externalId}`],
  /** A list examines all records of its type; of those of one end, the neighbourhood. */
  list: ({ type, externalId, fromId, toId }: ListQuery) => {
    if (externalId !== null) return [`x:${externalId}`]
    if (fromId !== null) return [`n:${fromId}`]
    if (toId !== null) return [`n:${toId}`]
    return [type === null ? 'g' : `t:${type}`]
  },
  /** The relationships, and the entities shown at their other ends. */
  neighbors: (id: string, neighbors: readonly Neighbor[]) => [
    `e:${id}`,
    `n:${id}`,
    ...neighbors.map(({ entity }) => `e:${entity.id}`),
  ],
  types: () => ['s'],
  /** Everything that happens. */
  log: () => ['g'],
}
