import { z } from 'zod'
import { GraphView } from '../../../core/graph/graph-view.ts'
import { MOST_ROUNDS, PageRank } from '../../../core/graph/rank.ts'
import { type JobKind, type JobRun, type JobStep, jobKind } from '../kind.ts'
import { analysed, filtersOf } from './analysed.ts'
import { GATHER_LIMITS, type GatherLimits } from './gather.ts'
import { finished, NOTHING_WRITTEN, PART_ROWS } from './rows.ts'
import { analysis, computed, gatherChunk, writeChunk } from './whole-graph.ts'
import { gatheredTopology, readBytes, WORK_FILES } from './work-files.ts'

/** What ranking keeps for each entity: see `PageRank`, with the order and what passes. */
const BYTES_PER_ENTITY = 36
/** How many of the highest scores the result itself has. */
const TOP = 10

export type RankLimits = GatherLimits & {
  /** Edges that a chunk looks at, about: a second of computing. */
  readonly maxEdges: number
  readonly partRows: number
}

const LIMITS: RankLimits = { ...GATHER_LIMITS, maxEdges: 50_000_000, partRows: PART_ROWS }

const params = z.object({
  ...analysed,
  damping: z.number().gt(0).lt(1),
  tolerance: z.number().positive(),
  maxRounds: z.int().min(1).max(MOST_ROUNDS),
})
export type RankJobParams = z.infer<typeof params>

const cursor = z.object({
  ...analysis,
  /** The last whole round; `scores` names the file of what came of it. `null`: none. */
  round: z.object({ scores: z.string(), rounds: z.int(), change: z.number() }).nullable(),
  phase: z.enum(['gather', 'rank', 'write']),
})
type Cursor = z.infer<typeof cursor>
type Step = JobStep<Cursor>

/**
 * PageRank of a graph as it is at the seq at which the job begins. The graph is read into files, of which
 * every run makes its topology anew; between runs the scores of the last whole round are in a file.
 */
export function pagerankJobs(limits = LIMITS): JobKind {
  return jobKind({
    kind: 'pagerank',
    permission: 'graph.read',
    params,
    cursor,
    async step(run, params, cursor): Promise<Step> {
      if (cursor === null || cursor.phase === 'gather') return gather(run, limits, cursor)
      if (cursor.value !== null) return finished(run, params, cursor.written, cursor.value)
      const rank = await computed(run, () => rankOf(run, params, cursor))
      return cursor.phase === 'rank'
        ? goOn(run, params, limits, cursor, rank)
        : write(run, limits, cursor, rank)
    },
  })
}

async function gather(run: JobRun, limits: RankLimits, cursor: Cursor | null): Promise<Step> {
  const { gathered, progress } = await gatherChunk(run, {
    ...{ limits, former: cursor?.gathered ?? null, bytesPerEntity: BYTES_PER_ENTITY },
  })
  const phase = gathered.phase === 'done' ? 'rank' : 'gather'
  return {
    cursor: { gathered, round: null, phase, written: NOTHING_WRITTEN, value: null },
    progress,
  }
}

/** What a run keeps in memory. */
type Held = { readonly view: GraphView; readonly rank: PageRank; order: Uint32Array | null }

async function rankOf(run: JobRun, params: RankJobParams, cursor: Cursor): Promise<Held> {
  const { damping, tolerance, maxRounds } = params
  const view = new GraphView(await gatheredTopology(run, cursor.gathered))
  const { round } = cursor
  const resumed = round && {
    ...round,
    scores: new Float64Array(await readBytes(run.files, round.scores)),
  }
  const request = {
    ...{ damping, tolerance, maxRounds },
    ...filtersOf(params),
  }
  return { view, rank: new PageRank(view, request, resumed), order: null }
}

async function goOn(
  run: JobRun,
  { maxRounds }: RankJobParams,
  { maxEdges }: RankLimits,
  cursor: Cursor,
  { rank }: Held,
): Promise<Step> {
  const former = rank.progress.rounds
  let { isDone, rounds, change } = rank.progress
  // What is not a whole round is lost with the run.
  while (!isDone && rounds === former) ({ isDone, rounds, change } = rank.step(maxEdges))
  const { scores } = rank.state
  const bytes = new Uint8Array(scores.buffer, scores.byteOffset, scores.byteLength)
  const { name } = await run.files.write(`${WORK_FILES}scores-${rounds}`, bytes)
  return {
    cursor: {
      ...cursor,
      round: { scores: name, rounds, change },
      phase: isDone ? 'write' : 'rank',
    },
    progress: { done: rounds, total: isDone ? rounds : maxRounds, unit: 'iterations' },
  }
}

function orderOf(held: Held): Uint32Array {
  held.order ??= held.rank.ranked()
  return held.order
}

function ranked(held: Held, place: number) {
  const { view, rank } = held
  const node = orderOf(held)[place] ?? 0
  return { id: view.idOf(node), type: view.typeOf(node), score: rank.scoreOf(node) }
}

function write(run: JobRun, { partRows }: RankLimits, cursor: Cursor, held: Held): Promise<Step> {
  const count = orderOf(held).length
  const file = { count, partRows, row: (place: number) => ranked(held, place) }
  return writeChunk(run, cursor, file, () => {
    const { rounds, hasConverged, change } = held.rank.progress
    const top = Array.from({ length: Math.min(TOP, count) }, (_, place) => ranked(held, place))
    return {
      ...{ seq: cursor.gathered.at.seq, entities: count, iterations: rounds },
      ...{ converged: hasConverged, change, top },
    }
  })
}
