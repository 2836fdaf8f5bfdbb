/** What a value that a caller derived depends on. */
export type Dependencies = {
  /** Ids of entities and relationships. */
  readonly records: readonly string[]
  /** Ids of entities whose relationships count. */
  readonly neighborsOf: readonly string[]
  /** Types any of whose records count. */
  readonly types: readonly string[]
  /** Any record of the graph. */
  readonly graph: boolean
}

/** The tags of a derived value: those of what it depends on, and its own, by which it is forgotten. */
export function derivedTags(
  key: string,
  { records, neighborsOf, types, graph }: Dependencies,
): readonly string[] {
  const tags = [
    ...records.map((id) => `e:${id}`),
    ...neighborsOf.map((id) => `n:${id}`),
    ...types.map((type) => `t:${type}`),
    ...(graph ? ['g'] : []),
  ]
  return [...new Set([...tags, derivedTag(key)])]
}

export function derivedTag(key: string): string {
  return `d:${key}`
}
