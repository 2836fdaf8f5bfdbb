import { isAppError } from '../../core/errors.ts'
import type { Bookmark } from '../../core/log/bookmark.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import { exportPage, headOf } from '../../db/queries/export.ts'
import type { GraphContext } from '../context.ts'
import { graphOperation } from './define.ts'
import { bookmarkOf } from './records.ts'

const PAGE_ROWS = 1_000
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

export type ExportedRecord =
  | ({ readonly kind: 'entity' } & Entity)
  | ({ readonly kind: 'relationship' } & Relationship)

export type Export = {
  /** The graph is exported as it was at this place of its log. */
  readonly bookmark: Bookmark
  /** Entities, then relationships, each by id; a page in memory at a time. */
  readonly records: AsyncIterable<ExportedRecord>
}

export const exportGraph = graphOperation(
  'graph.read',
  async (context, _input: null): Promise<Export> => {
    const head = await headOf(context.services.shard(context.graph.shardId), context.graph)
    return { bookmark: bookmarkOf(context, head), records: records(context, head.seq) }
  },
)

async function* records(context: GraphContext, seq: number): AsyncIterable<ExportedRecord> {
  for (const kind of ['entity', 'relationship'] as const) yield* recordsOf(context, kind, seq)
}

async function* recordsOf(
  { services, graph }: GraphContext,
  kind: Kind,
  seq: number,
): AsyncIterable<ExportedRecord> {
  const shard = services.shard(graph.shardId)
  let after = BEFORE_ALL
  let limit = PAGE_ROWS
  for (;;) {
    let page: (Entity | Relationship)[]
    try {
      page = await exportPage(shard, graph, kind, { seq, after, limit })
    } catch (error) {
      if (!isAppError(error) || error.code !== 'payload_too_large' || limit === 1) throw error
      limit = Math.ceil(limit / 2)
      continue
    }
    for (const record of page) yield { kind, ...record } as ExportedRecord
    const last = page.at(-1)
    if (!last || page.length < limit) return
    after = last.id
  }
}
