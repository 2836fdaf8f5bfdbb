import { randomUUID } from 'node:crypto'
import { graphId, tenantId } from '../../../../core/ids.ts'
import { openDatabase } from '../../../../db/client.ts'
import { graphLogStore } from '../../../../db/commit/graph-log-store.ts'
import { startSqlOverHttp } from '../../../../scripts/local/sql-over-http.ts'
import type { MigratedDatabase } from '../../../harness/databases.ts'
import { readGraphContents } from '../../../harness/graph-log/read-contents.ts'
import type { Observed } from './attempts.ts'
import { Beliefs } from './beliefs.ts'
import { Faults, type Rates } from './faults.ts'
import { Instances } from './instances.ts'
import { seededRandom } from './random.ts'
import { Writers } from './writers.ts'

export type HistoryOptions = {
  readonly seed: number
  readonly writers: number
  /** New requests of each writer; repeats come on top. */
  readonly requests: number
  readonly rates: Rates
}

/** What happened beside the writers' calls. */
export type Happenings = Faults['counts'] & Instances['counts']

/** Lets writers loose on a new graph, calms everything down, and settles what is open. */
export async function runHistory(
  shard: MigratedDatabase,
  { seed, writers, requests, rates }: HistoryOptions,
): Promise<Observed & { readonly happenings: Happenings }> {
  const random = seededRandom(seed)
  const [tenant, graph] = [tenantId(randomUUID()), graphId(randomUUID())]
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
    [tenant, graph],
  )
  const faults = new Faults(random, rates)
  const service = await startSqlOverHttp({ faults })
  try {
    const database = openDatabase(shard.appUrl, service.url)
    const address = {
      kind: 'graph',
      tenantId: tenant,
      graphId: graph,
      shardId: 's',
      epoch: 1,
    } as const
    const instances = new Instances(graphLogStore(database, address), random, rates)
    const log = new Writers(instances, new Beliefs(), random)
    await Promise.all(Array.from({ length: writers }, () => log.write(requests)))
    faults.isOff = true
    instances.calm()
    await log.settle()
    const contents = await readGraphContents(shard.owner, tenant, graph)
    const happenings = { ...faults.counts, ...instances.counts }
    return { attempts: log.attempts, contents, happenings }
  } finally {
    await service.close()
  }
}
