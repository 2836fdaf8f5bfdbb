import { loadTopology } from '../../../core/graph/load.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import { TopologyError } from '../../../core/graph/topology-error.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import { compressedStream, decompressedStream } from '../../../core/zstd.ts'
import { type BucketFiles, r2Files } from '../../files/r2-files.ts'
import { receive } from '../../files/receive.ts'
import { sha256Hex } from '../../security/api-keys.ts'
import { weightName } from './build.ts'

/** Where files are. */
export type TopologyFiles = BucketFiles

/** The cache of the data centre, which holds copies of files: what is used here of the Cache API. */
export type EdgeCopies = {
  match(url: string): Promise<Response | undefined>
  put(url: string, response: Response): Promise<void>
}

export type StoredTopology = {
  readonly seq: number
  readonly key: string
  /** Before it was compressed. */
  readonly bytes: number
}

export type TopologyStore = {
  /**
   * What was stored last of this history with these weights; `null`: nothing, or a pointer that is not
   * ours.
   */
  latest(
    graph: GraphAddress,
    historyId: string,
    weightKeys: readonly string[] | null,
  ): Promise<StoredTopology | null>
  /** `null`: it is gone, or not what it was when it was stored. */
  load(stored: StoredTopology): Promise<Topology | null>
  save(graph: GraphAddress, topology: Topology): Promise<void>
}

/** Files larger than this are not copied into the data centre's cache, which takes up to 512 MB. */
const MAX_EDGE_BYTES = 64 * 1024 * 1024
/** The name of a file is good for ever: another seq is another file. */
const EDGE_SECONDS = 24 * 3_600

/** Properties whose weights are stored of a graph: one more takes the place of what was written first. */
export const MAX_STORED_WEIGHTS = 8
/** Each has two files. */
const MAX_WEIGHT_FILES = 1_000

/**
 * Topologies as zstd frames (RFC 8878) at `topologies/<tenant>/<graph>/<history>/<seq>`, and beside
 * them `latest`, which names the newest. Those with weights are in `weights/<digest of the property>`
 * below. A file is written before the pointer to it, and the one that the pointer named before is removed
 * after it.
 */
export function topologyStore(files: TopologyFiles, edge: EdgeCopies | null): TopologyStore {
  const latestIn = async (folder: string): Promise<StoredTopology | null> => {
    const pointer = await files.get(`${folder}/latest`)
    return pointer ? parsePointer(await pointer.text()) : null
  }
  return {
    async latest(graph, historyId, weightKeys) {
      return latestIn(await folderOf(graph, historyId, weightKeys && weightName(weightKeys)))
    },
    async load(stored) {
      const url = `https://cache.tendril.invalid/${stored.key}`
      const copy = await edge?.match(url).catch(() => undefined)
      const found = copy?.body ?? (await files.get(stored.key))?.body
      if (!found) return null
      const isCopied = copy !== undefined || edge === null || stored.bytes > MAX_EDGE_BYTES
      const [body, rest] = isCopied ? [found, null] : found.tee()
      const copying = rest && edge?.put(url, edgeResponse(rest)).catch(() => undefined)
      const topology = await decompressed(body, stored.bytes).catch(refusedFile)
      await copying
      return topology
    },
    async save(graph, topology) {
      const { history, weightProperty } = topology.meta
      const folder = await folderOf(graph, history, weightProperty)
      const former = await latestIn(folder)
      if (former && former.seq >= topology.seq) return
      if (!former && weightProperty !== null) await makeRoom(files, folder)
      const key = `${folder}/${topology.seq}`
      const bytes = topology.buffer.byteLength
      // What is compressed is never in memory as a whole.
      const stream = compressedStream(new Uint8Array(topology.buffer))
      await receive(r2Files(files), key, stream, Number.POSITIVE_INFINITY)
      await files.put(`${folder}/latest`, JSON.stringify({ seq: topology.seq, key, bytes }))
      if (former) await files.delete(former.key)
    },
  }
}

async function folderOf(
  { tenantId, graphId }: GraphAddress,
  historyId: string,
  weightProperty: string | null,
): Promise<string> {
  const folder = `topologies/${tenantId}/${graphId}/${historyId}`
  return weightProperty === null ? folder : `${folder}/weights/${await sha256Hex(weightProperty)}`
}

/** Anybody who may read a graph names properties: what they come to is bounded. */
async function makeRoom(files: TopologyFiles, folder: string): Promise<void> {
  const prefix = folder.slice(0, folder.lastIndexOf('/') + 1)
  const { objects } = await files.list({ prefix, limit: MAX_WEIGHT_FILES })
  const pointers = objects.filter(({ key }) => key.endsWith('/latest'))
  const oldest = pointers
    .toSorted((a, b) => a.uploaded.getTime() - b.uploaded.getTime())
    .slice(0, Math.max(0, pointers.length - MAX_STORED_WEIGHTS + 1))
  for (const { key } of oldest) {
    const leaving = key.slice(0, key.lastIndexOf('/') + 1)
    await files.delete(objects.flatMap(({ key: file }) => (file.startsWith(leaving) ? file : [])))
  }
}

function parsePointer(text: string): StoredTopology | null {
  try {
    const { seq, key, bytes } = JSON.parse(text) as Partial<StoredTopology>
    const isPointer = Number.isSafeInteger(seq) && Number.isSafeInteger(bytes)
    return isPointer && typeof key === 'string'
      ? { seq: Number(seq), key, bytes: Number(bytes) }
      : null
  } catch {
    // Not JSON: cut off, or of another version.
    return null
  }
}

function edgeResponse(body: ReadableStream): Response {
  return new Response(body, { headers: { 'cache-control': `max-age=${EDGE_SECONDS}` } })
}

/** Into one buffer of the size that it will have: never twice in memory. */
async function decompressed(body: ReadableStream, bytes: number): Promise<Topology> {
  return loadTopology(decompressedStream(body), bytes)
}

/** Of another layout, cut off or spoilt: built anew, as if it were not there. */
function refusedFile(error: unknown): null {
  if (error instanceof TopologyError || isZlibError(error)) return null
  throw error
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(Z_|ZSTD_|ERR_)/.test(String(error.code))
}
