import { AppError } from '../../../core/errors.ts'
import type { Exported } from '../../../core/formats/exported.ts'
import type { Kind } from '../../../core/log/commands.ts'
import { readGraph } from '../../../db/queries/snapshot.ts'
import type { GraphContext } from '../../context.ts'
import { graphOperation } from '../../operations/define.ts'
import { BEFORE_ALL, exported, exportPages } from '../../operations/export.ts'
import { shardOf } from '../../operations/records.ts'

/** Where an export stands: behind the record `after` of the kind at `kind` in the list of kinds. */
export type Position = { readonly kind: number; readonly after: string }

export const FIRST_POSITION: Position = { kind: 0, after: BEFORE_ALL }

/** The state of a graph that all chunks of one export are of. */
export type ExportedAt = { readonly seq: number; readonly historyId: string }

export type ChunkInput = {
  readonly at: ExportedAt
  readonly kinds: readonly Kind[]
  readonly metadata: boolean
  readonly position: Position
  /** A chunk has no more pages than this. */
  readonly maxPages: number
  /** Takes the records of a page and says whether the chunk has room for another. */
  readonly take: (records: readonly Exported[]) => boolean
}

/** The state of the graph that an export which begins now is of. */
export const exportStart = graphOperation(
  'graph.read',
  async (context, _input: null): Promise<ExportedAt> => {
    const { seq, historyId } = await readGraph(shardOf(context), context.graph, [])
    return { seq, historyId }
  },
)

/** Hands on the next records of an export; resolves with where they end, `null`: at the end of all. */
export const exportChunk = graphOperation(
  'graph.read',
  async (context, input: ChunkInput): Promise<Position | null> => {
    await checkState(context, input.at)
    let { kind: index, after } = input.position
    for (let pages = 0; ; index += 1, after = BEFORE_ALL) {
      const kind = input.kinds[index]
      if (kind === undefined) return null
      for await (const page of exportPages(context, kind, { seq: input.at.seq, after })) {
        pages += 1
        after = page.at(-1)?.id ?? after
        const hasRoom = input.take(page.map((record) => exported(kind, record, input.metadata)))
        if (!hasRoom || pages === input.maxPages) return { kind: index, after }
      }
    }
  },
)

/** What was written since is told by events, which may be dropped, or belong to another history (H1). */
async function checkState(context: GraphContext, { seq, historyId }: ExportedAt): Promise<void> {
  const now = await readGraph(shardOf(context), context.graph, [])
  if (now.historyId !== historyId) {
    throw new AppError('gone', 'the graph was restored while it was exported: retry')
  }
  if (now.floorSeq > seq) {
    throw new AppError('gone', `the log is kept from seq ${now.floorSeq + 1} on: retry the export`)
  }
}
