import { execFileSync } from 'node:child_process'
import { createReadStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createZstdDecompress } from 'node:zlib'
import { applyChanges, type TopologyChange } from '../../core/graph/changes.ts'
import { Components } from '../../core/graph/components.ts'
import { GraphView } from '../../core/graph/graph-view.ts'
import { loadTopology } from '../../core/graph/load.ts'
import { MemoryEngine } from '../../core/graph/memory-engine.ts'
import { PageRank } from '../../core/graph/rank.ts'
import { rebuild } from '../../core/graph/rebuild.ts'
import { openTopology } from '../../core/graph/topology.ts'
import { idOf, type Size } from './generated-graph.ts'
import { CpuTime, liveBytes, megabytes, Peak } from './measured.ts'

const HELP = `Bytes and time of a topology of generated entities and relationships.

  npm run bench:graph -- --part memory [options]

  --nodes <n>   default 500000
  --edges <n>   default 2000000`

const CHANGES = 1_000

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      nodes: { type: 'string', default: '500000' },
      edges: { type: 'string', default: '2000000' },
      stored: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  })
  if (values.help || !globalThis.gc) return console.log(HELP)
  const size = { nodes: Number(values.nodes), edges: Number(values.edges) }
  if (values.stored !== undefined) return await afterLoading(size, values.stored)
  const folder = await mkdtemp(join(tmpdir(), 'tendril-bench-'))
  try {
    const file = join(folder, 'topology.zst')
    // Loaded here only: what measures loading is to have nothing of the worker's in its heap.
    const { buildAndStore } = await import('./build.ts')
    await buildAndStore(size, folder, file)
    // In a process of its own, in which nothing is left of the building.
    const program = ['--expose-gc', import.meta.filename, '--stored', file]
    const sizes = ['--nodes', values.nodes, '--edges', values.edges]
    execFileSync(process.execPath, [...program, ...sizes], { stdio: 'inherit' })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function afterLoading(size: Size, file: string): Promise<void> {
  const view = await load(size, file)
  await answer(size, view)
  bringForward(size, view)
  wholeGraph(view)
}

async function load({ nodes, edges }: Size, file: string): Promise<GraphView> {
  const before = await liveBytes()
  const peak = new Peak()
  const pieces = createReadStream(file).pipe(createZstdDecompress())[Symbol.asyncIterator]()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await pieces.next()
      peak.look()
      if (done) controller.close()
      else controller.enqueue(value)
    },
  })
  const cpu = new CpuTime()
  const topology = await loadTopology(stream, 1e9)
  peak.look()
  const loaded = `${cpu}`
  const live = (await liveBytes()) - before
  console.log(
    `loaded          ${loaded} of CPU, live ${megabytes(live)}, peak ${megabytes(peak.bytes - before)}`,
  )
  const budget = 40 * nodes + 20 * edges
  console.log(`of 40 · nodes + 20 · edges: ${((100 * live) / budget).toFixed(0)} %`)
  const check = new CpuTime()
  openTopology(topology.buffer)
  console.log(`checked         ${check} of CPU`)
  return new GraphView(topology)
}

/** Every kind of search once, and the whole graph as one component: what they keep stays. */
async function answer({ nodes }: Size, view: GraphView): Promise<void> {
  const before = await liveBytes()
  const engine = new MemoryEngine(view, () => performance.now())
  const bounds = { maxEdges: 20_000_000 }
  const [a, b] = [idOf(1), idOf(nodes - 2)]
  const ends = { from: a, to: b, direction: 'both' } as const
  const three = { starts: [a], direction: 'both', depth: 3 } as const
  const searches = {
    component: () => engine.component({ entity: a, ...bounds }),
    'shortest path': () => engine.paths({ ...ends, ...bounds }),
    '10 paths': () => engine.paths({ ...ends, k: 10, ...bounds }),
    subgraph: () => engine.subgraph({ ...three, ...bounds }),
    'depth 3, ids': () => engine.traverse({ ...three, output: 'ids', limit: 10_000, ...bounds }),
    'depth 3, count': () => engine.traverse({ ...three, output: 'count', ...bounds }),
  }
  for (const [name, search] of Object.entries(searches)) {
    await search()
    const cpu = new CpuTime()
    const { cost } = await search()
    console.log(`${name.padEnd(15)} ${cost.edges} edges, ${cost.nodes} entities: ${cpu} of CPU`)
  }
  const kept = (await liveBytes()) - before
  const all = view.base.buffer.byteLength + kept
  console.log(`kept by answers ${megabytes(kept)}, with the topology ${megabytes(all)}`)
}

function bringForward({ nodes }: Size, view: GraphView): void {
  const changesFrom = (first: number): TopologyChange[] => {
    return Array.from({ length: CHANGES }, (_, place) => {
      const seq = first + place
      const from = idOf((seq * 7_919) % nodes)
      return { seq, kind: 'relationship.created', type: 'relates-0', from, to: idOf(seq % 97) }
    })
  }
  const times: number[] = []
  for (let round = 0; round < 5; round += 1) {
    const changes = changesFrom(view.seq + 1)
    const cpu = new CpuTime()
    applyChanges(view, changes, view.seq + CHANGES)
    times.push(cpu.ms)
  }
  const cpu = new CpuTime()
  const rebuilt = rebuild(view)
  const rebuildMs = cpu.ms
  const [median = 0] = times.toSorted((a, b) => a - b).slice(2)
  const share = (ms: number): string => `1/${(rebuildMs / ms).toFixed(0)}`
  console.log(
    `1,000 changes   ${times.map((ms) => ms.toFixed(1)).join(', ')} ms of CPU: the first ${share(times[0] ?? 0)}, the median ${share(median)} of building anew (${rebuildMs.toFixed(0)} ms, ${rebuilt.edges} edges)`,
  )
}

function wholeGraph(view: GraphView): void {
  const components = new Components(view)
  const componentsCpu = new CpuTime()
  components.step(Number.POSITIVE_INFINITY)
  console.log(`components      ${components.largest(10).count}: ${componentsCpu} of CPU`)
  const rank = new PageRank(view)
  const rankCpu = new CpuTime()
  rank.step(Number.POSITIVE_INFINITY)
  console.log(`PageRank        ${rank.progress.rounds} rounds: ${rankCpu} of CPU`)
}

await main()
