import { z } from 'zod'
import { Components } from '../../../core/graph/components.ts'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { type JobKind, type JobRun, type JobStep, jobKind } from '../kind.ts'
import { type Analysed, analysed, filtersOf } from './analysed.ts'
import { GATHER_LIMITS, type GatherLimits } from './gather.ts'
import { finished, NOTHING_WRITTEN, PART_ROWS } from './rows.ts'
import { analysis, computed, gatherChunk, writeChunk } from './whole-graph.ts'
import { gatheredTopology } from './work-files.ts'

/** What is kept for each entity: see `Components`, its sizes, and the nodes in their order. */
const BYTES_PER_ENTITY = 24
/** How many of the largest components the result itself has. */
const LARGEST = 10

export type ComponentsLimits = GatherLimits & { readonly partRows: number }

const LIMITS: ComponentsLimits = { ...GATHER_LIMITS, partRows: PART_ROWS }

const cursor = z.object(analysis)
type Cursor = z.infer<typeof cursor>
type Step = JobStep<Cursor>

/**
 * The connected components of a graph as it is at the seq at which the job begins. The graph is read into
 * files; each run then makes its topology and finds the components anew, which takes one pass.
 */
export function componentsJobs(limits = LIMITS): JobKind {
  return jobKind({
    kind: 'components',
    permission: 'graph.read',
    params: z.object(analysed),
    cursor,
    async step(run, params, cursor): Promise<Step> {
      if (cursor === null || cursor.gathered.phase !== 'done') {
        const { gathered, progress } = await gatherChunk(run, {
          ...{ limits, former: cursor?.gathered ?? null, bytesPerEntity: BYTES_PER_ENTITY },
        })
        return { cursor: { gathered, written: NOTHING_WRITTEN, value: null }, progress }
      }
      if (cursor.value !== null) return finished(run, params, cursor.written, cursor.value)
      const found = await computed(run, () => findIn(run, params, cursor))
      return write(run, limits, cursor, found)
    },
  })
}

/** What a run keeps in memory. */
type Found = {
  readonly view: GraphView
  readonly components: Components
  /** Those that pass the filters, by id. */
  readonly nodes: Uint32Array
}

async function findIn(run: JobRun, params: Analysed, cursor: Cursor): Promise<Found> {
  const view = new GraphView(await gatheredTopology(run, cursor.gathered))
  const components = new Components(view, filtersOf(params))
  const { total } = components.step(Number.POSITIVE_INFINITY)
  const nodes = new Uint32Array(total)
  let count = 0
  for (let node = 0; node < view.nodeNumbers; node += 1) {
    if (!components.has(node)) continue
    nodes[count] = node
    count += 1
  }
  return { view, components, nodes }
}

function write(
  run: JobRun,
  { partRows }: ComponentsLimits,
  cursor: Cursor,
  { view, components, nodes }: Found,
): Promise<Step> {
  const count = nodes.length
  const row = (place: number) => {
    const node = nodes[place] ?? 0
    return { id: view.idOf(node), component: view.idOf(components.rootOf(node)) }
  }
  return writeChunk(run, cursor, { count, partRows, row }, () => {
    const all = components.largest(LARGEST)
    const largest = all.components.map(({ id, size }) => ({ component: id, entities: size }))
    return { seq: cursor.gathered.at.seq, entities: count, components: all.count, largest }
  })
}
