import { checkDatabase, type DatabaseHealth } from '../../db/queries/health.ts'
import type { Services } from '../services.ts'

export type Readiness = {
  readonly status: 'ok' | 'degraded' | 'down'
  readonly checks: Readonly<Record<string, DatabaseHealth>>
}

/** Every part without which nothing works: the catalog, and each shard. */
export async function readiness({ catalog, shard, shardIds }: Services): Promise<Readiness> {
  const [catalogHealth, ...shards] = await Promise.all([
    checkDatabase(catalog),
    ...shardIds.map((id) => checkDatabase(shard(id))),
  ])
  const checks = {
    catalog: catalogHealth,
    ...Object.fromEntries(shardIds.map((id, i) => [`shard:${id}`, shards[i] ?? DOWN])),
  }
  const down = Object.values(checks).filter(({ status }) => status === 'down').length
  // With the catalog or every shard gone nothing works; one shard of several is some tenants'.
  const nothingWorks =
    catalogHealth.status === 'down' || shards.every(({ status }) => status === 'down')
  return { status: down === 0 ? 'ok' : nothingWorks ? 'down' : 'degraded', checks }
}

const DOWN: DatabaseHealth = { status: 'down', reason: 'not checked' }
