import { z } from 'zod'
import { AppError } from '../../../core/errors.ts'
import { graphOperation } from '../../operations/define.ts'
import { type JobKind, type JobRun, type JobStep, jobKind } from '../kind.ts'
import { GATHER_LIMITS, gatherMore, gatherProgress } from './gather.ts'
import { type Gathered, gathered } from './gathered.ts'
import { gatheredTopology, WORK_FILES } from './work-files.ts'

const cursor = z.object({
  gathered,
  /** `true`: what is left is to clean up. */
  isStored: z.boolean(),
})
type Cursor = z.infer<typeof cursor>

/**
 * Stores the topology of a graph that is too large for the isolates that search it to build. The graph is
 * read chunk by chunk into files, of which the topology is made at the end.
 */
export function topologyJobs(limits = GATHER_LIMITS): JobKind {
  return jobKind({
    kind: 'topology',
    permission: 'graph.read',
    params: z.object({
      /** Keys of the property that edges are weighed by. */
      weightKeys: z.array(z.string()).nullable().default(null),
    }),
    cursor,
    async step(run, { weightKeys }, cursor): Promise<JobStep<Cursor>> {
      if (cursor === null || cursor.gathered.phase !== 'done') {
        const { budgetBytes } = run.context.services.topologies.shelf.held
        const next = await gatherMore(run.context, {
          ...{ run, limits, former: cursor?.gathered ?? null },
          room: { maxBytes: budgetBytes, bytesPerEntity: 0 },
          weightKeys,
        })
        return { cursor: { gathered: next, isStored: false }, progress: gatherProgress(next) }
      }
      const { gathered: known, isStored } = cursor
      const { done } = gatherProgress(known)
      const progress = { done, total: done, unit: 'records' }
      if (!isStored) {
        await storeTopology(run.context, { run, known })
        return { cursor: { gathered: known, isStored: true }, progress }
      }
      await run.files.deleteAll(WORK_FILES)
      return { result: { value: { seq: known.at.seq, records: done }, files: [] }, progress }
    },
  })
}

type Stored = { readonly run: JobRun; readonly known: Gathered }

const storeTopology = graphOperation('graph.read', async (context, { run, known }: Stored) => {
  const { store } = context.services.topologies
  if (!store) throw new AppError('invalid', 'there is nowhere to store topologies')
  await store.save(context.graph, await gatheredTopology(run, known))
})
