import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { graphId, tenantId } from '../../../core/ids.ts'
import { footprint } from '../../../core/log/footprint.ts'
import type { GraphRequest } from '../../../core/log/requests.ts'
import { graphLogStore } from '../../../db/commit/graph-log-store.ts'
import { COMMIT_INCONSISTENT, type LogStore } from '../../../db/log-store.ts'
import { LogRunner } from '../../../durable-objects/graph-log/runner.ts'
import {
  content,
  createEntity,
  request,
  update,
  upsertEntity,
} from '../../contracts/graph-log-store/requests.ts'
import { createMigrated, type MigratedDatabase } from '../../harness/databases.ts'
import { inconsistencies } from '../../harness/graph-log/inconsistencies.ts'
import { readGraphContents } from '../../harness/graph-log/read-contents.ts'

let shard: MigratedDatabase

beforeAll(async () => {
  shard = await createMigrated('shard')
})

afterAll(() => shard.drop())

/** A new graph, its runner, and what became of every commit that the runner sent. */
async function newLog() {
  const address = {
    kind: 'graph',
    tenantId: tenantId(randomUUID()),
    graphId: graphId(randomUUID()),
    shardId: 's',
    epoch: 1,
  } as const
  await shard.owner.query(
    'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
    [address.tenantId, address.graphId],
  )
  const store = graphLogStore(shard.database, address)
  const sent: (readonly [requests: number, sqlState: unknown])[] = []
  const watched: LogStore<GraphRequest> = {
    open: (commitIds) => store.open(commitIds),
    async commit(fence, group) {
      try {
        const committed = await store.commit(fence, group)
        sent.push([group.length, null])
        return committed
      } catch (error) {
        sent.push([group.length, Reflect.get(Object(error), 'sqlState')])
        throw error
      }
    },
  }
  return {
    runner: new LogRunner(watched, footprint),
    sent,
    contents: () => readGraphContents(shard.owner, address.tenantId, address.graphId),
  }
}

describe('two requests of one group that write the same record, one by id and one by external id', () => {
  it.each([
    ['both patch it', (id: string) => update({ id }, 1, { name: 'by id' })],
    [
      'one upserts it',
      (id: string) =>
        upsertEntity('x', { id, externalId: null, content: content({ name: 'by id' }) }),
    ],
  ])('raise rather than be written as one, and are tried each alone: %s', async (_title, byId) => {
    const { runner, sent, contents } = await newLog()
    const id = randomUUID()
    await runner.submit(request({ entities: [createEntity({ id, externalId: 'x' })] }))
    const slow = runner.submit(request({ entities: [createEntity()] }))
    // While that is under way these two wait, and go together.
    const answers = await Promise.all([
      runner.submit(request({ entities: [byId(id)] })),
      runner.submit(request({ entities: [update({ externalId: 'x' }, 1, { name: 'by name' })] })),
      slow,
    ])
    expect(sent).toEqual([
      [1, null],
      [1, null],
      [2, COMMIT_INCONSISTENT],
      [1, null],
      [1, null],
    ])
    expect(answers).toMatchObject([
      { status: 'committed', seq: 3 },
      { status: 'refused', refusals: [{ refused: 'version_mismatch', version: 3 }] },
      { status: 'committed', seq: 2 },
    ])
    const after = await contents()
    expect(after.entities.find((entity) => entity.id === id)).toMatchObject({ name: 'by id' })
    expect(inconsistencies(after)).toEqual([])
  })
})
