import { TopologyBuilder } from '../../../core/graph/builder.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Database } from '../../../db/client.ts'
import { headOf } from '../../../db/queries/export.ts'
import {
  BEFORE_ALL_IDS,
  entityPage,
  relationshipPage,
  TOPOLOGY_PAGE_ROWS,
  type TopologyPage,
} from '../../../db/queries/topology.ts'

export type BuildOptions = {
  /** Keys of the property that edges are weighed by. */
  readonly weightKeys: readonly string[] | null
  /** Entities and relationships beyond which it gives up. */
  readonly maxRows: number
  /** Default `TOPOLOGY_PAGE_ROWS`. */
  readonly pageRows?: number
}

/** `too_large`: more than `maxRows`. `moved`: the graph got another history, or lost its log, meanwhile. */
export type BuildOutcome = Topology | 'too_large' | 'moved'

/**
 * Builds a graph's topology from PostgreSQL at the head of its log, page by page. Pages read one after
 * the other are of one seq, whatever is written meanwhile, since the log tells what was there before.
 */
export async function buildTopology(
  shard: Database,
  graph: GraphAddress,
  { weightKeys, maxRows, pageRows = TOPOLOGY_PAGE_ROWS }: BuildOptions,
): Promise<BuildOutcome> {
  const { seq, historyId } = await headOf(shard, graph)
  const builder = new TopologyBuilder({
    history: historyId,
    seq,
    ...(weightKeys ? { weight: { property: weightName(weightKeys), bits: 64 as const } } : {}),
  })
  let rows = 0
  const isUsable = (page: TopologyPage<unknown, unknown>): boolean =>
    page.historyId === historyId && page.floorSeq <= seq
  for (let after: string | null = BEFORE_ALL_IDS; after !== null; ) {
    const page = await entityPage(shard, graph, { seq, after, limit: pageRows })
    if (!isUsable(page)) return 'moved'
    rows += page.rows.length
    if (rows > maxRows) return 'too_large'
    for (const [id, type] of page.rows) builder.addEntity(id, type)
    after = page.next
  }
  for (let after: number | null = 0; after !== null; ) {
    const page = await relationshipPage(shard, graph, { seq, after, limit: pageRows }, weightKeys)
    if (!isUsable(page)) return 'moved'
    rows += page.rows.length
    if (rows > maxRows) return 'too_large'
    for (const [createdSeq, type, from, to, weight] of page.rows) {
      builder.addRelationship({ createdSeq, type, from, to, weight })
    }
    after = page.next
  }
  return builder.finish()
}

/** How a topology names the property of its weights: keys of nested objects after dots. */
export function weightName(keys: readonly string[]): string {
  return ['properties', ...keys].join('.')
}
