import type pg from 'pg'
import type { RunningWorker } from './worker.ts'

/** Who writes, and where. */
export type Target = {
  readonly worker: RunningWorker
  readonly token: string
  readonly graphs: readonly { readonly id: string; readonly name: string }[]
}

/** A tenant with some graphs. */
export async function newTarget(worker: RunningWorker, graphs: number): Promise<Target> {
  const account = await worker.request('/api/v1/auth/register', {
    ...{ tenant_name: 'Bench', email: `b${crypto.randomUUID()}@example.com` },
    password: crypto.randomUUID(),
  })
  const token = String(account.access_token)
  const made = []
  for (let i = 0; i < graphs; i += 1) {
    const name = `g${i}`
    const { id } = await worker.request('/api/v1/graphs', { name }, token)
    made.push({ id: String(id), name })
  }
  return { worker, token, graphs: made }
}

/** Commits one batch of new entities; resolves with the seq of the last. */
export async function writeBatch(
  { worker, token, graphs }: Target,
  graph: number,
  commands: number,
): Promise<number> {
  const name = graphs[graph % graphs.length]?.name ?? ''
  const body = {
    commands: Array.from({ length: commands }, (_, n) => ({
      action: 'create_entity',
      type: `type${n % 5}`,
      name: `Entity ${n}`,
      properties: { n, city: 'Atlanta', country: 'USA', elevation: 313 },
    })),
  }
  const answer = await worker.request(`/api/v1/graphs/${name}/batch`, body, token)
  const items = answer.items as readonly { readonly version: number }[]
  return items.at(-1)?.version ?? 0
}

/** Writes `events` from several clients at once. */
export async function writeAll(
  target: Target,
  events: number,
  commands: number,
  clients: number,
): Promise<void> {
  const batches = Math.ceil(events / commands)
  let next = 0
  await Promise.all(
    Array.from({ length: clients }, async () => {
      for (let batch = next++; batch < batches; batch = next++) {
        await writeBatch(target, batch, commands)
      }
    }),
  )
}

/** How far the consumer is, by graph. */
export async function checkpoints(
  client: pg.Client,
  { graphs }: Target,
): Promise<ReadonlyMap<string, { readonly seq: number; readonly head: number }>> {
  const { rows } = await client.query<{ id: string; seq: number; head: number }>(
    `select g.id, g.seq::int as head, coalesce(c.seq, 0)::int as seq from graphs g
      left join checkpoints c on c.graph_id = g.id and c.consumer = 'statistics'
      where g.id = any($1)`,
    [graphs.map(({ id }) => id)],
  )
  return new Map(rows.map(({ id, seq, head }) => [id, { seq, head }]))
}

/** Waits until everything is read. */
export async function untilRead(client: pg.Client, target: Target): Promise<void> {
  for (;;) {
    const all = await checkpoints(client, target)
    if ([...all.values()].every(({ seq, head }) => seq === head)) return
    await pause(50)
  }
}

/**
 * Writes at a rate for some seconds; resolves with the lag of each commit in milliseconds: from its
 * answer until the consumer's checkpoint is past it.
 */
export async function lagsAt(
  client: pg.Client,
  target: Target,
  {
    eventsPerSecond,
    seconds,
    commands,
  }: { eventsPerSecond: number; seconds: number; commands: number },
): Promise<number[]> {
  const intervalMs = (commands * 1_000) / eventsPerSecond
  const waiting: { graph: string; seq: number; atMs: number }[] = []
  const lags: number[] = []
  let isWriting = true
  async function write(): Promise<void> {
    const begunMs = performance.now()
    const open: Promise<void>[] = []
    for (let n = 0; performance.now() - begunMs < seconds * 1_000; n += 1) {
      await pause(begunMs + n * intervalMs - performance.now())
      const graph = target.graphs[n % target.graphs.length]?.id ?? ''
      open.push(
        writeBatch(target, n, commands).then((seq) => {
          waiting.push({ graph, seq, atMs: performance.now() })
        }),
      )
    }
    await Promise.all(open)
    isWriting = false
  }
  async function watch(): Promise<void> {
    while (isWriting || waiting.length > 0) {
      const known = await checkpoints(client, target)
      const nowMs = performance.now()
      for (const commit of waiting.splice(0)) {
        if ((known.get(commit.graph)?.seq ?? 0) >= commit.seq) lags.push(nowMs - commit.atMs)
        else waiting.push(commit)
      }
      await pause(10)
    }
  }
  await Promise.all([write(), watch()])
  return lags
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)))
}
