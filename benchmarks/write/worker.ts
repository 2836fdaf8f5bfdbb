import { graphId, tenantId } from '../../core/ids.ts'
import { type GraphAddress, logName } from '../../core/log/address.ts'
import type { CommitAnswer, GraphRequest } from '../../core/log/requests.ts'
import { openDatabase } from '../../db/client.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { placeGraph } from '../../db/queries/graphs.ts'
import type { Committed } from '../../durable-objects/graph-log/committed.ts'
import { GraphLog } from '../../durable-objects/graph-log/object.ts'
import { GROUP_LIMITS } from '../../durable-objects/graph-log/runner.ts'
import { createRequest } from '../../test/harness/requests.ts'

export { GraphLog }

/** The same object with one request to a group: what grouping is measured against. */
export class UngroupedGraphLog extends GraphLog {
  protected override readonly options = { limits: { ...GROUP_LIMITS, commands: 1 } }
}

export type Task = {
  /** `direct` sends the same statement batch from the worker, without object and writer. */
  readonly mode: 'grouped' | 'ungrouped' | 'direct'
  readonly writers: number
  readonly commitsPerWriter: number
}

export type Result = { readonly elapsedMs: number; readonly commits: number }

type BenchEnv = Record<string, string> & {
  readonly GRAPH_LOG: DurableObjectNamespace
  readonly UNGROUPED_GRAPH_LOG: DurableObjectNamespace
}

type Commit = (request: GraphRequest) => Promise<CommitAnswer | undefined>

export default {
  async fetch(request: Request, env: BenchEnv): Promise<Response> {
    const task = (await request.json()) as Task
    const commit = await prepare(task, env)
    // Opens the log, so that what is measured is commits alone.
    await commit(createRequest())
    const start = performance.now()
    await Promise.all(Array.from({ length: task.writers }, () => writer(commit, task)))
    const result: Result = {
      elapsedMs: performance.now() - start,
      commits: task.writers * task.commitsPerWriter,
    }
    return Response.json(result)
  },
}

async function writer(commit: Commit, { commitsPerWriter }: Task): Promise<void> {
  for (let i = 0; i < commitsPerWriter; i += 1) {
    const answer = await commit(createRequest())
    if (answer?.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(answer)}`)
  }
}

/** A new graph for every run, and how to commit to it. */
async function prepare({ mode }: Task, env: BenchEnv): Promise<Commit> {
  const [shard] = JSON.parse(env.TENDRIL_SHARDS ?? '[]') as { id: string; url: string }[]
  const database = openDatabase(shard?.url ?? '', env.TENDRIL_SQL_ENDPOINT)
  const log: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(crypto.randomUUID()),
    graphId: graphId(crypto.randomUUID()),
    shardId: shard?.id ?? '',
    epoch: 1,
  }
  await placeGraph(database, log.tenantId, log.graphId)
  if (mode === 'direct') {
    const store = graphLogStore(database, log)
    const opened = await store.open([])
    if (!opened) throw new Error('the graph is not there')
    let { fence } = opened
    return async (request) => {
      const { seq, answers } = await store.commit(fence, [request])
      fence = { ...fence, seq }
      return answers[0]
    }
  }
  const objects = mode === 'grouped' ? env.GRAPH_LOG : env.UNGROUPED_GRAPH_LOG
  const stub = objects.getByName(logName(log)) as unknown as {
    commit(log: GraphAddress, request: GraphRequest): Promise<Committed>
  }
  return async (request) => (await stub.commit(log, request)).answer
}
