import { AppError } from '../../../core/errors.ts'
import { MAX_CREATED_SEQ } from '../../../core/graph/builder.ts'
import { Codes } from '../../../core/graph/codes.ts'
import { layoutOf } from '../../../core/graph/layout.ts'
import {
  entityPart,
  joinEntityParts,
  joinRelationshipParts,
  NodeNumbers,
  relationshipPart,
} from '../../../core/graph/parts.ts'
import type { JobProgress } from '../../../core/jobs/job.ts'
import { headOf } from '../../../db/queries/export.ts'
import {
  BEFORE_ALL_IDS,
  entityPage,
  relationshipPage,
  TOPOLOGY_PAGE_ROWS,
} from '../../../db/queries/topology.ts'
import type { GraphContext } from '../../context.ts'
import type { JobFiles } from '../../files/job-files.ts'
import { graphOperation } from '../../operations/define.ts'
import { shardOf } from '../../operations/records.ts'
import type { JobRun } from '../kind.ts'
import { type Gathered, rowsIn } from './gathered.ts'
import { nodeNumbers, WORK_FILES } from './work-files.ts'

export type GatherLimits = {
  /** Rows of a page: one call of the database. */
  readonly pageRows: number
  /** Pages of a chunk, which become one file. */
  readonly maxPages: number
}

export const GATHER_LIMITS: GatherLimits = { pageRows: TOPOLOGY_PAGE_ROWS, maxPages: 8 }

/**
 * Bytes that a job may hold of a graph, of the 128 MB that an isolate has: the rest is for the program,
 * what it reads and writes at a time, and the requests that it answers meanwhile.
 */
export const MAX_JOB_GRAPH_BYTES = 80 * 1024 * 1024

/** What a job is to hold of a graph at most: its topology, and so much for each entity beside it. */
export type Room = { readonly maxBytes: number; readonly bytesPerEntity: number }

export type Gathering = {
  readonly run: JobRun
  readonly former: Gathered | null
  readonly room: Room
  readonly limits: GatherLimits
  /** Keys of the property that edges are weighed by; default none. */
  readonly weightKeys?: readonly string[] | null
}

/** Reads the next chunk of the graph, from the state that it has at the first one on. */
export const gatherMore = graphOperation(
  'graph.read',
  async (
    context,
    { run, former, room, limits, weightKeys = null }: Gathering,
  ): Promise<Gathered> => {
    const known = former ?? (await begin(context, weightKeys))
    try {
      const next =
        known.phase === 'entities'
          ? await gatherEntities(context, run.files, known, limits)
          : await gatherRelationships(context, run, known, limits)
      checkRoom(next, room)
      return next
    } catch (error) {
      // More types than a topology has codes for.
      if (error instanceof RangeError) throw new AppError('payload_too_large', error.message)
      throw error
    }
  },
)

export function gatherProgress({ entityParts, relationshipParts }: Gathered): JobProgress {
  return {
    done: rowsIn(entityParts) + rowsIn(relationshipParts),
    total: null,
    unit: 'records',
  }
}

async function begin(
  context: GraphContext,
  weightKeys: readonly string[] | null,
): Promise<Gathered> {
  const { seq, historyId } = await headOf(shardOf(context), context.graph)
  if (seq > MAX_CREATED_SEQ) {
    throw new AppError('payload_too_large', `the graph has more than ${MAX_CREATED_SEQ} events`)
  }
  return {
    at: { seq, historyId },
    phase: 'entities',
    ...{ afterId: BEFORE_ALL_IDS, afterSeq: 0, entityParts: [], relationshipParts: [] },
    ...{ entityTypes: [], relationshipTypes: [], weightKeys: weightKeys && [...weightKeys] },
  }
}

async function gatherEntities(
  context: GraphContext,
  files: JobFiles,
  known: Gathered,
  { pageRows: limit, maxPages }: GatherLimits,
): Promise<Gathered> {
  const { at, entityParts } = known
  const codes = new Codes(known.entityTypes)
  // A page in columns is a small part of what its rows take as objects.
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let rows = 0
  let after: string | null = known.afterId
  for (let pages = 0; pages < maxPages && after !== null; pages += 1) {
    const page = await entityPage(shardOf(context), context.graph, { seq: at.seq, after, limit })
    checkState(page, at)
    pieces.push(entityPart(page.rows, codes))
    rows += page.rows.length
    after = page.next
  }
  const bytes = joinEntityParts(pieces)
  const name = `${WORK_FILES}entities-${entityParts.length}`
  return {
    ...known,
    phase: after === null ? 'relationships' : 'entities',
    afterId: after ?? known.afterId,
    entityParts: await withPart(files, entityParts, { name, bytes, rows }),
    entityTypes: codes.names,
  }
}

async function gatherRelationships(
  context: GraphContext,
  run: JobRun,
  known: Gathered,
  { pageRows: limit, maxPages }: GatherLimits,
): Promise<Gathered> {
  const { at, relationshipParts, weightKeys } = known
  const isWeighted = weightKeys !== null
  const nodes = await numbersOf(run, known)
  const codes = new Codes(known.relationshipTypes)
  const pieces: Uint8Array<ArrayBuffer>[] = []
  let rows = 0
  let after: number | null = known.afterSeq
  for (let pages = 0; pages < maxPages && after !== null; pages += 1) {
    const place = { seq: at.seq, after, limit }
    const page = await relationshipPage(shardOf(context), context.graph, place, weightKeys)
    checkState(page, at)
    pieces.push(relationshipPart(page.rows, codes, nodes, isWeighted))
    rows += page.rows.length
    after = page.next
  }
  const bytes = joinRelationshipParts(pieces, isWeighted)
  const name = `${WORK_FILES}relationships-${relationshipParts.length}`
  if (after === null) run.memory.delete(NUMBERS)
  return {
    ...known,
    phase: after === null ? 'done' : 'relationships',
    afterSeq: after ?? known.afterSeq,
    relationshipParts: await withPart(run.files, relationshipParts, {
      ...{ name, bytes, rows },
    }),
    relationshipTypes: codes.names,
  }
}

const NUMBERS = 'numbers'

async function numbersOf({ memory, files }: JobRun, known: Gathered): Promise<NodeNumbers> {
  const held = memory.get(NUMBERS)
  if (held instanceof NodeNumbers) return held
  const numbers = await nodeNumbers(files, known)
  memory.set(NUMBERS, numbers)
  return numbers
}

async function withPart(
  files: JobFiles,
  parts: Gathered['entityParts'],
  {
    name,
    bytes,
    rows,
  }: { readonly name: string; readonly bytes: Uint8Array; readonly rows: number },
): Promise<Gathered['entityParts']> {
  if (rows === 0) return parts
  const written = await files.write(name, bytes)
  return [...parts, { name: written.name, rows }]
}

/** What was written since is told by events, which may be dropped, or belong to another history (H1). */
function checkState(
  page: { readonly historyId: string; readonly floorSeq: number },
  { seq, historyId }: Gathered['at'],
): void {
  if (page.historyId !== historyId) {
    throw new AppError('gone', 'the graph was restored while it was read: retry')
  }
  if (page.floorSeq > seq) {
    throw new AppError('gone', `the log is kept from seq ${page.floorSeq + 1} on: retry`)
  }
}

function checkRoom(
  { entityParts, relationshipParts, weightKeys }: Gathered,
  { maxBytes, bytesPerEntity }: Room,
): void {
  const nodes = rowsIn(entityParts)
  const edges = rowsIn(relationshipParts)
  const { byteLength } = layoutOf({
    ...{ nodes, edges, metaBytes: 0 },
    weightBits: weightKeys === null ? 0 : 64,
  })
  if (byteLength + nodes * bytesPerEntity <= maxBytes) return
  const perEntity = 26 + bytesPerEntity
  const perRelationship = weightKeys === null ? 20 : 28
  throw new AppError(
    'payload_too_large',
    `the graph is too large: with ${perEntity} bytes per entity and ${perRelationship} per relationship it may have ` +
      `${maxBytes} bytes, and has more after ${nodes} entities and ${edges} relationships`,
  )
}
