import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, inject, it } from 'vitest'
import { bundleWorker } from '../../../scripts/local/bundle.ts'
import { demoTenant } from '../../../scripts/local/demo.ts'
import { startServer } from '../../../scripts/local/server.ts'
import { startStack } from '../../../scripts/local/stack.ts'
import { dropDatabases } from '../../../scripts/local/stack-databases.ts'
import { callerWith } from '../../harness/api.ts'
import type { QueryAnswer } from './graph-queries/queries.ts'

it('graphs beyond the budget of an isolate are searched in PostgreSQL', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tendril-budget-'))
  const databasePrefix = `budget_${crypto.randomUUID().slice(0, 8)}`
  const stack = await startStack({
    ...{ dataDir: folder, databasePrefix, postgresUrl: inject('pgUrl') },
    // Of a role of the whole server: the other tests use the same.
    appPassword: 'tendril-test',
  })
  const bundle = await bundleWorker(join(folder, 'build'))
  /** What 20 searches are answered by, or as many as it takes to meet `last`. */
  const engines = async (megabytes: string, last: string): Promise<string[]> => {
    const bindings = { ...stack.bindings, TENDRIL_TOPOLOGY_MB: megabytes }
    const persistDir = join(folder, `objects-${megabytes}`)
    const server = await startServer({ port: 0, bindings, persistDir, bundle, onLog: () => {} })
    try {
      const { apiKey } = await demoTenant(server.url, join(folder, 'demo.json'))
      const caller = callerWith(apiKey, server.url)
      await caller.request('POST', '/entities', { body: { type: 'place', external_id: '0' } })
      const seen: string[] = []
      while (seen.length < 20 || !seen.includes(last)) {
        const body = { external_ids: ['0'], limit: 0 }
        const answer = await caller.request<QueryAnswer>('POST', '/traverse', { body })
        seen.push(answer.body.cost.engine)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      return seen
    } finally {
      await server.stop()
    }
  }
  try {
    expect(new Set(await engines('0', 'sql'))).toEqual(new Set(['sql']))
    expect(await engines('1', 'memory')).toContain('memory')
  } finally {
    await stack.stop()
    await dropDatabases(stack.postgres, databasePrefix)
    await rm(folder, { recursive: true, force: true })
  }
})
