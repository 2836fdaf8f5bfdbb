import { GraphView } from '../../../core/graph/graph-view.ts'
import { rebuild, shouldRebuild } from '../../../core/graph/rebuild.ts'
import { askForTopology } from './ask-for-topology.ts'
import type { HeldTopology } from './held.ts'
import { loadTopology, type ToBeBuilt } from './load.ts'
import type { TopologyStore } from './store.ts'
import type { Reading } from './with-topology.ts'

/** Bases beyond it are built anew elsewhere: an isolate has no room for two of them. */
const MAX_REBUILT_BYTES = 24 * 1024 * 1024

/** Begins to load the graph's topology after the answer, unless somebody does, or it is no use. */
export function loadInBackground(reading: Reading, historyId: string): void {
  const { context, log, name } = reading
  if (!context.services.topologies.shelf.mayLoad(name, log.now())) return
  log.waiting.waitUntil(load(reading, historyId))
}

async function load({ context, log, need, name }: Reading, historyId: string): Promise<void> {
  const { services, graph } = context
  const { shelf, store } = services.topologies
  const { budgetBytes } = shelf.held
  try {
    const shard = services.shard(graph.shardId)
    const { weightKeys } = need
    const loaded = await loadTopology({
      ...{ shard, graph, historyId, weightKeys, store, budgetBytes },
      now: log.now,
    })
    if (loaded === 'moved') return shelf.failed(name, log.now())
    if (loaded !== 'too_large' && 'former' in loaded) {
      return await leaveToJob({ context, log, need, name }, historyId, loaded)
    }
    if (loaded === 'too_large' || !shelf.held.keep(name, loaded)) {
      return shelf.tooLarge(name, log.now())
    }
    shelf.loaded(name)
  } catch {
    // The database, the bucket, or the platform's limits: reads go on without it.
    shelf.failed(name, log.now())
  }
}

/** Has a job build the topology, and looks again when it may have done so. */
async function leaveToJob(
  { context, log, need, name }: Pick<Reading, 'context' | 'log' | 'need' | 'name'>,
  historyId: string,
  { former }: ToBeBuilt,
): Promise<void> {
  const { shelf } = context.services.topologies
  const isUnderway = await askForTopology(context, {
    ...{ historyId, former, weightKeys: need.weightKeys },
  })
  if (isUnderway) shelf.underway(name, log.now())
  else shelf.tooLarge(name, log.now())
}

/** Makes a new base beside the reads once the changes outgrow their share, and stores it. */
export function rebuildIfNeeded(reading: Reading, held: HeldTopology): void {
  if (!shouldRebuild(held.view)) return
  const { context, log, name } = reading
  const { shelf, store } = context.services.topologies
  if (!shelf.mayLoad(name, log.now())) return
  if (held.view.base.buffer.byteLength > MAX_REBUILT_BYTES) {
    if (store) log.waiting.waitUntil(replaced(reading, held, store))
    return
  }
  log.waiting.waitUntil(afterAnswer(rebuilt))

  async function rebuilt(): Promise<void> {
    if (shelf.held.get(name) !== held) return
    const topology = rebuild(held.view)
    const { historyId, upTo, knownAt } = held
    shelf.held.keep(name, { historyId, upTo, knownAt, view: new GraphView(topology) })
    shelf.loaded(name)
    await store?.save(context.graph, topology).catch(() => undefined)
  }
}

/** Loads the base that a job has made meanwhile, or has one made. */
async function replaced(
  reading: Reading,
  { view, historyId }: HeldTopology,
  store: TopologyStore,
): Promise<void> {
  const { context, log, need, name } = reading
  const { shelf } = context.services.topologies
  try {
    const former = view.base.seq
    const stored = await store.latest(context.graph, historyId, need.weightKeys)
    if (stored === null || stored.seq <= former) {
      return await leaveToJob(reading, historyId, { former })
    }
    // There is no room for both.
    shelf.held.drop(name)
    await load(reading, historyId)
  } catch {
    // The database or the bucket: reads go on with what is there.
    shelf.failed(name, log.now())
  }
}

/** In a turn of its own, so that the answer does not wait for it. */
async function afterAnswer(work: () => Promise<void>): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  await work()
}
