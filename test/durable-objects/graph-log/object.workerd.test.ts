import { evictDurableObject } from 'cloudflare:test'
import { env } from 'cloudflare:workers'
import { beforeAll, describe, expect, it } from 'vitest'
import type { LogHead } from '../../../core/cache/log-view.ts'
import { graphId, tenantId } from '../../../core/ids.ts'
import { type GraphAddress, logName } from '../../../core/log/address.ts'
import type { CommitAnswer, GraphRequest } from '../../../core/log/requests.ts'
import { openShard } from '../../../db/databases.ts'
import { placeGraph } from '../../../db/queries/graphs.ts'
import type { Committed } from '../../../durable-objects/graph-log/committed.ts'
import { parseEnv, type RawEnv } from '../../../env.ts'
import { createRequest } from '../../harness/requests.ts'

type LogStub = {
  commit(log: GraphAddress, request: GraphRequest): Promise<CommitAnswer>
  watermarks(log: GraphAddress, since: number, atLeast: number): Promise<LogHead>
}

const bindings = parseEnv(env as unknown as RawEnv)

async function newGraph(): Promise<GraphAddress> {
  const log: GraphAddress = {
    kind: 'graph',
    tenantId: tenantId(crypto.randomUUID()),
    graphId: graphId(crypto.randomUUID()),
    shardId: 'shard-1',
    epoch: 1,
  }
  await placeGraph(openShard(bindings, 'shard-1'), log.tenantId, log.graphId)
  return log
}

function objectOf(log: GraphAddress) {
  return bindings.GRAPH_LOG.getByName(logName(log))
}

function stubOf(log: GraphAddress): LogStub {
  return stubNamed(logName(log))
}

function stubNamed(name: string): LogStub {
  const object = bindings.GRAPH_LOG.getByName(name) as unknown as Pick<LogStub, 'watermarks'> & {
    commit(log: GraphAddress, request: GraphRequest): Promise<Committed>
  }
  return {
    commit: async (log, request) => (await object.commit(log, request)).answer,
    watermarks: (log, since, atLeast) => object.watermarks(log, since, atLeast),
  }
}

function seqOf(answer: CommitAnswer): number {
  if (answer.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(answer)}`)
  return answer.seq
}

/** Repeats a request that two instances kept taking from each other, as a client would. */
async function commitAtLast(
  stub: LogStub | undefined,
  log: GraphAddress,
  request: GraphRequest,
): Promise<CommitAnswer> {
  for (;;) {
    const answer = await (stub ?? stubOf(log)).commit(log, request)
    if (answer.status !== 'not_committed') return answer
  }
}

describe('the graph-log object', () => {
  let log: GraphAddress
  beforeAll(async () => {
    log = await newGraph()
  })

  it('gives concurrent writers consecutive seqs and answers each of them', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => stubOf(log).commit(log, createRequest())),
    )
    const seqs = answers.map(seqOf).sort((a, b) => a - b)
    expect(seqs).toEqual(Array.from({ length: 200 }, (_, i) => i + 1))
  })

  it('gives the first answer again after it was evicted in between (C3)', async () => {
    const request = createRequest()
    const first = await stubOf(log).commit(log, request)
    await evictDurableObject(objectOf(log))
    const again = await stubOf(log).commit(log, request)
    expect(again).toEqual({ ...first, replayed: true })
  })

  it('answers every writer when it is evicted while they write, or lets them repeat', async () => {
    const requests = Array.from({ length: 60 }, () => createRequest())
    const writes = requests.map((request) =>
      stubOf(log)
        .commit(log, request)
        .catch(() => null),
    )
    await evictDurableObject(objectOf(log)).catch(() => {
      // Refused while calls are in flight: then they simply go on.
    })
    await Promise.all(writes)
    const settled = await Promise.all(requests.map((request) => stubOf(log).commit(log, request)))
    expect(new Set(settled.map(seqOf)).size).toBe(requests.length)
  })

  it('rebuilds its watermarks from the last events after an eviction (C2)', async () => {
    const before = await stubOf(log).watermarks(log, 0, 0)
    await evictDurableObject(objectOf(log))
    const after = await stubOf(log).watermarks(log, 0, 0)
    expect(after.historyId).toBe(before.historyId)
    expect(after.watermarks.head).toBe(before.watermarks.head)
    expect(new Map(after.watermarks.buckets)).toEqual(new Map(before.watermarks.buckets))
  })

  it('reloads when it is told of a seq above its head (C2, R2)', async () => {
    const { watermarks } = await stubOf(log).watermarks(log, 0, 0)
    const { head } = watermarks
    const twin = stubNamed(`another instance of ${logName(log)}`)
    const answer = await twin.commit(log, createRequest())
    expect(seqOf(answer)).toBe(head + 1)
    const stale = await stubOf(log).watermarks(log, 0, head)
    expect(stale.watermarks.head).toBe(head)
    const fresh = await stubOf(log).watermarks(log, head, head + 1)
    expect(fresh.watermarks).toMatchObject({ since: head, head: head + 1 })
  })

  it('takes over from an instance that still answers, without a gap or a double (C1)', async () => {
    const stubs = [stubOf(log), stubNamed(`the old instance of ${logName(log)}`)]
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => commitAtLast(stubs[i % 2], log, createRequest())),
    )
    const seqs = answers.map(seqOf).sort((a, b) => a - b)
    const first = seqs[0] ?? 0
    expect(seqs).toEqual(Array.from({ length: 100 }, (_, i) => first + i))
  })

  it('keeps the code of an error across the call', async () => {
    const nowhere = { ...log, graphId: graphId(crypto.randomUUID()) }
    await expect(stubOf(nowhere).watermarks(nowhere, 0, 0)).rejects.toMatchObject({
      name: 'AppError',
      code: 'not_found',
    })
  })

  it('says that a graph which was closed or moved is not here', async () => {
    const moved = { ...(await newGraph()), epoch: 2 }
    const answer = await stubOf(moved).commit(moved, createRequest())
    expect(answer.status).toBe('no_such_log')
  })
})
