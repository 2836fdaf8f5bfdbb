import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { GraphView } from '../../../core/graph/graph-view.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { Command } from '../../../core/log/commands.ts'
import { SYSTEM_ACTOR } from '../../../db/queries/access.ts'
import { insertJob } from '../../../db/queries/jobs.ts'
import { componentsJobs } from '../../../workers/jobs/graph/components-kind.ts'
import { pagerankJobs } from '../../../workers/jobs/graph/pagerank-kind.ts'
import { topologyJobs } from '../../../workers/jobs/graph/topology-kind.ts'
import { writeBatch } from '../../../workers/operations/batch.ts'
import { randomFrom } from '../../harness/random.ts'
import { range } from '../../harness/sequences.ts'
import { linesOf, linesOfTables } from '../operations/topology/contents.ts'
import { type Installation, newInstallation } from './installation.ts'
import { filesOf, type Tally, workerOf } from './work-off.ts'

/** Of each kind of job, and as many jobs as that takes: how many a run meets is a matter of chance. */
const KILLS = 25
const ZOMBIES = 4
const CHANGES = 6
const HOSTS = 120

const SMALL = { pageRows: 13, maxPages: 2 }
const KINDS = new Map(
  [
    topologyJobs(SMALL),
    pagerankJobs({ ...SMALL, maxEdges: 1, partRows: 17 }),
    componentsJobs({ ...SMALL, partRows: 17 }),
  ].map((kind) => [kind.kind, kind]),
)

let installation: Installation
let tenant: TenantId
let actor: string
let graph: string
let changes = 0
let worker: ReturnType<typeof workerOf>

beforeAll(async () => {
  installation = await newInstallation()
  ;({ tenant, actor } = await installation.newTenant())
  worker = workerOf(installation, tenant, KINDS, KILLS)
  graph = await installation.newGraph(tenant)
  await write(range(HOSTS).map(host))
  await write(range(HOSTS - 20).map((n) => trust(n, (n * 7) % HOSTS)))
})

afterAll(() => installation.databases.drop())

const isEnough = ({ kills, zombies }: Tally) => kills >= KILLS && zombies >= ZOMBIES

async function write(commands: readonly Command[]): Promise<void> {
  await writeBatch(await installation.contextOf(tenant, actor, graph), commands)
}

const content = { name: null, location: null, properties: {} }
const host = (n: number): Command => ({
  ...{ kind: 'entity', action: 'create', type: 'host', externalId: `h${n}`, content },
  id: installation.services.newId(),
})
const trust = (from: number, to: number): Command => ({
  ...{ kind: 'relationship', action: 'create', type: 'trusts', externalId: null, content },
  ...{ from: { externalId: `h${from}` }, to: { externalId: `h${to}` } },
  id: installation.services.newId(),
})

/** One more of each, and one of each less. */
async function change(): Promise<void> {
  changes += 1
  const gone: Command = {
    ...{ kind: 'entity', action: 'delete', ifVersion: null },
    target: { externalId: `h${changes}` },
  }
  await write([host(HOSTS + changes), trust(HOSTS + changes, HOSTS - 1), gone])
}

async function start(kind: string, params: unknown): Promise<string> {
  const { job } = await insertJob(installation.services.catalog, {
    ...{ tenantId: tenant, id: installation.services.newId(), graphId: graph, graphName: graph },
    ...{ kind, params, state: 'queued', priority: 'low', requestKey: null, fingerprint: '' },
    actor: kind === 'topology' ? SYSTEM_ACTOR : actor,
    progress: { done: 0, total: null, unit: 'records' },
  })
  return job.id
}

async function linesNow(): Promise<string[]> {
  const { graph: address } = (await installation.contextOf(tenant, actor, graph)).access ?? {}
  if (!address) throw new Error('there is no graph')
  return linesOfTables(installation.databases.shard.owner, address, null)
}

/** Files that a job has left which are none of its results. */
const leftBy = (id: string) =>
  [...installation.files.contents.keys()].filter((key) => key.includes(`${id}/work-`))

const RANK = { damping: 0.85, tolerance: 1e-9, maxRounds: 20 }
const ALL = { types: null, entityTypes: null, fileName: 'file' }

describe('jobs on a graph, killed at any call and taken over while they live', () => {
  it('store the topology of the graph as it was when they began, while it changes', async () => {
    const tally: Tally = { kills: 0, zombies: 0, failures: 0 }
    for (let seed = 1; !isEnough(tally) || changes < CHANGES; seed += 1) {
      const expected = await linesNow()
      const id = await start('topology', {})
      const job = await worker.workOff(id, randomFrom(seed), tally, change)
      expect(job).toMatchObject({ state: 'succeeded', error: null, actor: SYSTEM_ACTOR })
      const [stored] = installation.stored.values()
      expect(job.result?.value).toEqual({ seq: stored?.seq, records: expected.length })
      expect(stored && linesOf(new GraphView(stored))).toEqual(expected)
      expect(leftBy(id)).toEqual([])
    }
  })

  it.each([
    ['pagerank', { ...ALL, ...RANK }],
    ['components', ALL],
  ])('write the same file as one that nobody disturbs: %s', async (kind, params) => {
    const tally: Tally = { kills: 0, zombies: 0, failures: 0 }
    for (let seed = 1; !isEnough(tally); seed += 1) {
      const calm = await worker.undisturbed(await start(kind, params))
      expect(calm).toMatchObject({ state: 'succeeded', error: null })
      const id = await start(kind, params)
      const job = await worker.workOff(id, randomFrom(seed), tally, change)
      expect(job).toMatchObject({ state: 'succeeded', error: null })
      expect(job.result?.value).toEqual(calm.result?.value)
      const files = await filesOf(installation, job)
      expect(files).toEqual(await filesOf(installation, calm))
      expect(files[0]?.split('\n')).toHaveLength(HOSTS + 1)
      expect(leftBy(id)).toEqual([])
    }
  })
})
