import { randomUUID } from 'node:crypto'
import type { Topology } from '../../../core/graph/topology.ts'
import { graphId, type TenantId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import { footprint } from '../../../core/log/footprint.ts'
import type { GraphRequest } from '../../../core/log/requests.ts'
import { graphLogStore } from '../../../db/commit/graph-log-store.ts'
import { prepareRows } from '../../../db/commit/payload.ts'
import { accessByActor } from '../../../db/queries/access.ts'
import { LogRunner } from '../../../durable-objects/graph-log/runner.ts'
import { type Context, internalContext } from '../../../workers/context.ts'
import type { JobToSend } from '../../../workers/jobs/messages.ts'
import { TopologyShelf } from '../../../workers/operations/topology/shelf.ts'
import type { TopologyStore } from '../../../workers/operations/topology/store.ts'
import type { Services } from '../../../workers/services.ts'
import { MemoryFiles } from '../../fakes/memory-files.ts'
import { createDatabases } from '../../harness/databases.ts'

/** Real databases and logs, files in memory, and a queue that only keeps what it is sent. */
export async function newInstallation() {
  const databases = await createDatabases()
  const { catalog, shard } = databases
  const files = new MemoryFiles()
  const sent: JobToSend[] = []
  const stored = new Map<string, Topology>()
  /** Topologies as they were stored last, by graph and history. */
  const topologies: TopologyStore = {
    latest: async () => null,
    load: async () => null,
    async save({ graphId: graph }, topology) {
      stored.set(`${graph} ${topology.meta.history}`, topology)
    },
  }
  const logs = new Map<string, LogRunner<GraphRequest>>()

  function logOf(graph: GraphAddress): LogRunner<GraphRequest> {
    const known = logs.get(graph.graphId)
    if (known) return known
    const log = new LogRunner(graphLogStore(shard.database, graph), (request: GraphRequest) =>
      footprint(request, prepareRows(request)),
    )
    logs.set(graph.graphId, log)
    return log
  }

  const services: Services = {
    catalog: catalog.database,
    shard: () => shard.database,
    shardForNewGraph: () => 's',
    commit: (graph, request) => logOf(graph).submit(request),
    commitTenant: () => Promise.reject(new Error('no job changes a tenant')),
    reader: () => {
      throw new Error('no job reads through the cache')
    },
    newId: randomUUID,
    now: () => 0,
    jwtSecret: 'a secret of at least 32 characters',
    registration: { mode: 'closed', setupSecret: null },
    shardIds: ['s'],
    files,
    async sendJob(job) {
      sent.push(job)
    },
    ledger: () => null,
    waitUntil: () => {},
    sendPointer: () => Promise.reject(new Error('no job works for a consumer')),
    topologies: { shelf: new TopologyShelf(64 * 1024 * 1024), store: topologies },
  }

  /** A tenant with a key of the role owner. */
  async function newTenant(): Promise<{ readonly tenant: TenantId; readonly actor: string }> {
    const [tenant, key] = [tenantId(randomUUID()), randomUUID()]
    await catalog.owner.query(
      `insert into tenants (id, state, history_id) values ($1, 'active', gen_random_uuid())`,
      [tenant],
    )
    await catalog.owner.query(
      `insert into api_keys (tenant_id, id, name, hash, hint, role, created_by, created_at)
        values ($1, $2, '', $3, '', 'owner', 'test', now())`,
      [tenant, key, randomUUID()],
    )
    return { tenant, actor: `key:${key}` }
  }

  async function newGraph(tenant: TenantId): Promise<string> {
    const graph = graphId(randomUUID())
    await catalog.owner.query(
      `insert into graphs (tenant_id, id, name, shard_id, created_at)
        values ($1, $2, $3, 's', now())`,
      [tenant, graph, graph],
    )
    await shard.owner.query(
      'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
      [tenant, graph],
    )
    return graph
  }

  /** A request of `actor` on a graph. */
  async function contextOf(tenant: TenantId, actor: string, graph: string): Promise<Context> {
    const access = await accessByActor(catalog.database, tenant, actor, graph)
    return internalContext(services, { requestId: 'test', access })
  }

  return { databases, services, files, sent, stored, newTenant, newGraph, contextOf }
}

export type Installation = Awaited<ReturnType<typeof newInstallation>>
