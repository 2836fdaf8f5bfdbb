import { setTimeout } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { builtTopology, generatedEnds, idOf } from '../../../benchmarks/graph/generated-graph.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { loadTopology } from '../../../core/graph/load.ts'
import { MemoryEngine } from '../../../core/graph/memory-engine.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

const SIZE = { nodes: 100_000, edges: 400_000 }
const BUDGET_BYTES = 40 * SIZE.nodes + 20 * SIZE.edges
const PIECE_BYTES = 16_384
/** Collecting takes long; what lies about in between, counted along, is little. */
const PIECES_PER_LOOK = 40

/** Bytes of array buffers that are still in use: they are let go of some time after they are collected. */
async function liveBytes(): Promise<number> {
  let bytes = Number.POSITIVE_INFINITY
  for (let settled = 0; settled < 3; ) {
    collect()
    await setTimeout(1)
    const { arrayBuffers } = process.memoryUsage()
    settled = arrayBuffers < bytes ? 0 : settled + 1
    bytes = Math.min(bytes, arrayBuffers)
  }
  return bytes
}

/** The bytes of a topology in pieces, each made when it is asked for. */
function piecesOf(buffer: ArrayBuffer, onPiece: () => void): ReadableStream<Uint8Array> {
  let at = 0
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      onPiece()
      const piece = buffer.slice(at, at + PIECE_BYTES)
      at += PIECE_BYTES
      if (piece.byteLength > 0) controller.enqueue(new Uint8Array(piece))
      else controller.close()
    },
  })
}

describe('the memory of a topology', () => {
  it('is below 20 bytes per edge and 40 per entity while it is loaded, and after every search', async () => {
    const stored = builtTopology(SIZE, generatedEnds(SIZE)).buffer
    const before = await liveBytes()
    let peakBytes = 0
    let pieces = 0
    const look = () => {
      pieces += 1
      if (pieces % PIECES_PER_LOOK !== 0) return
      collect()
      peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers - before)
    }
    const topology = await loadTopology(piecesOf(stored, look), BUDGET_BYTES)
    expect(pieces).toBeGreaterThan(100)
    expect(peakBytes).toBeGreaterThan(topology.buffer.byteLength)
    expect(peakBytes).toBeLessThan(BUDGET_BYTES)
    const view = new GraphView(topology)
    const engine = new MemoryEngine(view, () => 0)
    const [from, to] = [idOf(1), idOf(SIZE.nodes - 2)]
    const both = { direction: 'both', maxEdges: 20_000_000 } as const
    const starts = [from]
    const component = await engine.component({ entity: from, ...both })
    expect(component.size).toBeGreaterThan(SIZE.nodes * 0.9)
    expect((await engine.paths({ from, to, ...both })).paths.length).toBe(1)
    expect((await engine.paths({ from, to, k: 5, ...both })).paths.length).toBe(5)
    await engine.subgraph({ starts, depth: 10, limit: 10_000, ...both })
    await engine.traverse({ starts, depth: 10, output: 'count', ...both })
    await engine.common({ entities: [from, to], ...both })
    const live = (await liveBytes()) - before
    expect(live).toBeGreaterThan(topology.buffer.byteLength)
    expect(live).toBeLessThan(BUDGET_BYTES)
    // Still in use up to here, so that it was counted before and after.
    expect(stored.byteLength).toBe(view.base.buffer.byteLength)
  })
})
