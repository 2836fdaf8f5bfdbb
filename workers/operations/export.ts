import { isAppError } from '../../core/errors.ts'
import type { Exported, Records } from '../../core/formats/exported.ts'
import type { Bookmark } from '../../core/log/bookmark.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import { exportPage, headOf } from '../../db/queries/export.ts'
import type { GraphContext } from '../context.ts'
import { graphOperation } from './define.ts'
import { bookmarkOf } from './records.ts'

const PAGE_ROWS = 1_000

export type ExportInput = {
  readonly kinds: readonly Kind[]
  /** Whether records come with what is not their content: version and times. */
  readonly metadata: boolean
}

export type Export = {
  /** The graph is exported as it was at this place of its log. */
  readonly bookmark: Bookmark
  /** Kind by kind, each by id; a page in memory at a time. The same ones each time it is called. */
  readonly records: Records
}

export const exportGraph = graphOperation(
  'graph.read',
  async (context, { kinds, metadata }: ExportInput): Promise<Export> => {
    const head = await headOf(context.services.shard(context.graph.shardId), context.graph)
    async function* records(): AsyncGenerator<Exported> {
      for (const kind of kinds) {
        for await (const record of recordsOf(context, kind, head.seq)) {
          yield exported(kind, record, metadata)
        }
      }
    }
    return { bookmark: bookmarkOf(context, head), records }
  },
)

/** A record as exports write it. */
export function exported(kind: Kind, record: Entity | Relationship, metadata: boolean): Exported {
  if (metadata) return { kind, ...record } as Exported
  const { version, created_at, updated_at, ...content } = record
  return { kind, ...content } as Exported
}

async function* recordsOf(
  context: GraphContext,
  kind: Kind,
  seq: number,
): AsyncGenerator<Entity | Relationship> {
  for await (const page of exportPages(context, kind, { seq, after: BEFORE_ALL })) yield* page
}

/** The first of all ids. */
export const BEFORE_ALL = '00000000-0000-0000-0000-000000000000'

/** Records of one kind as they were at `seq`, by id, after `after`, page by page; the last may be empty. */
export async function* exportPages(
  { services, graph }: GraphContext,
  kind: Kind,
  { seq, after: first }: { readonly seq: number; readonly after: string },
): AsyncGenerator<(Entity | Relationship)[]> {
  const shard = services.shard(graph.shardId)
  let after = first
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
    yield page
    const last = page.at(-1)
    if (!last || page.length < limit) return
    after = last.id
  }
}
