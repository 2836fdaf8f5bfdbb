import { AppError } from '../../../core/errors.ts'
import { TopologyBuilder } from '../../../core/graph/builder.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import { compressed, decompressedStream } from '../../../core/zstd.ts'
import type { Database } from '../../../db/client.ts'
import { headOf } from '../../../db/queries/export.ts'
import {
  BEFORE_ALL_IDS,
  type EntityRow,
  entityPage,
  type RelationshipRow,
  relationshipPage,
  TOPOLOGY_PAGE_ROWS,
} from '../../../db/queries/topology.ts'
import type { TopologyFiles, TopologyStore } from './store.ts'

/** Pages that one step reads: some seconds. */
const PAGES_PER_STEP = 10

/** Where a build goes on; JSON. */
export type BuildCursor = {
  readonly historyId: string
  /** All pages are of this seq. */
  readonly seq: number
  /** How many of the pages read so far have entities, and how many relationships. */
  readonly entityPages: number
  readonly relationshipPages: number
  /** The id or `created_seq` that the last page ended with; `null`: there is no more of them. */
  readonly afterEntity: string | null
  readonly afterRelationship: number | null
  readonly records: number
}

export type BuildProgress = { readonly done: number; readonly unit: 'records' }

export type BuildStep =
  | { readonly cursor: BuildCursor; readonly progress: BuildProgress }
  | {
      readonly result: { readonly seq: number; readonly bytes: number }
      readonly progress: BuildProgress
    }

export type Building = {
  readonly shard: Database
  readonly graph: GraphAddress
  readonly files: TopologyFiles
  readonly store: TopologyStore
  /** Default `TOPOLOGY_PAGE_ROWS`. */
  readonly pageRows?: number
}

/**
 * One step of building the topology of a graph of any size: first its pages are read into files, each as
 * the graph was at the seq of the first step, and the last step makes the topology of these and stores
 * it. A step that is done again does the same again. Begins anew with `cursor` null; throws `conflict` when
 * it has to, because the graph was restored or its log no longer reaches back to that seq.
 */
export async function topologyBuildStep(
  building: Building,
  cursor: BuildCursor | null,
): Promise<BuildStep> {
  let at = cursor ?? (await beginning(building))
  for (let pages = 0; pages < PAGES_PER_STEP; pages += 1) {
    if (at.afterEntity !== null) at = await readEntities(building, at, at.afterEntity)
    else if (at.afterRelationship === null) return finish(building, at)
    else at = await readRelationships(building, at, at.afterRelationship)
  }
  return { cursor: at, progress: progressOf(at) }
}

async function beginning({ shard, graph }: Building): Promise<BuildCursor> {
  const { seq, historyId } = await headOf(shard, graph)
  return {
    ...{ historyId, seq, records: 0, entityPages: 0, relationshipPages: 0 },
    ...{ afterEntity: BEFORE_ALL_IDS, afterRelationship: 0 },
  }
}

async function readEntities(
  building: Building,
  at: BuildCursor,
  after: string,
): Promise<BuildCursor> {
  const { shard, graph, pageRows: limit = TOPOLOGY_PAGE_ROWS } = building
  const page = await entityPage(shard, graph, { seq: at.seq, after, limit })
  checkPage(page, at)
  await putPage(building, keyOf(building, at, 'entities', at.entityPages), page.rows)
  const records = at.records + page.rows.length
  return { ...at, afterEntity: page.next, entityPages: at.entityPages + 1, records }
}

async function readRelationships(
  building: Building,
  at: BuildCursor,
  after: number,
): Promise<BuildCursor> {
  const { shard, graph, pageRows: limit = TOPOLOGY_PAGE_ROWS } = building
  const page = await relationshipPage(shard, graph, { seq: at.seq, after, limit }, null)
  checkPage(page, at)
  await putPage(building, keyOf(building, at, 'relationships', at.relationshipPages), page.rows)
  const records = at.records + page.rows.length
  const relationshipPages = at.relationshipPages + 1
  return { ...at, afterRelationship: page.next, relationshipPages, records }
}

function checkPage(
  page: { readonly historyId: string; readonly floorSeq: number },
  { historyId, seq }: BuildCursor,
): void {
  if (page.historyId === historyId && page.floorSeq <= seq) return
  throw new AppError('conflict', 'the graph was restored, or its log shortened: begin anew')
}

async function finish(building: Building, at: BuildCursor): Promise<BuildStep> {
  const { historyId, seq, entityPages, relationshipPages } = at
  const progress = progressOf(at)
  const stored = await building.store.latest(building.graph, historyId)
  if (stored && stored.seq >= seq) return { result: stored, progress }
  const builder = new TopologyBuilder({ history: historyId, seq })
  for (let page = 0; page < entityPages; page += 1) {
    const rows = await getPage<EntityRow>(building, keyOf(building, at, 'entities', page))
    for (const [id, type] of rows) builder.addEntity(id, type)
  }
  for (let page = 0; page < relationshipPages; page += 1) {
    const rows = await getPage<RelationshipRow>(
      building,
      keyOf(building, at, 'relationships', page),
    )
    for (const [createdSeq, type, from, to] of rows) {
      builder.addRelationship({ createdSeq, type, from, to })
    }
  }
  const topology = builder.finish()
  await building.store.save(building.graph, topology)
  for (let page = 0; page < Math.max(entityPages, relationshipPages); page += 1) {
    await building.files.delete(keyOf(building, at, 'entities', page))
    await building.files.delete(keyOf(building, at, 'relationships', page))
  }
  return { result: { seq, bytes: topology.buffer.byteLength }, progress }
}

function progressOf({ records }: BuildCursor): BuildProgress {
  return { done: records, unit: 'records' }
}

function keyOf(
  { graph }: Building,
  { historyId, seq }: BuildCursor,
  kind: 'entities' | 'relationships',
  page: number,
): string {
  return `topologies/${graph.tenantId}/${graph.graphId}/${historyId}/pages/${seq}/${kind}-${page}`
}

async function putPage(
  { files }: Building,
  key: string,
  rows: readonly (readonly unknown[])[],
): Promise<void> {
  await files.put(key, await compressed(new TextEncoder().encode(JSON.stringify(rows))))
}

/** A page that is gone was removed by a run that has finished: this one has nothing left to do. */
async function getPage<Row>({ files }: Building, key: string): Promise<readonly Row[]> {
  const file = await files.get(key)
  if (!file) throw new AppError('conflict', 'pages of the build are gone: begin anew')
  return (await new Response(decompressedStream(file.body)).json()) as Row[]
}
