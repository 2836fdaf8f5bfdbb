import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import type { Bundle } from '../../scripts/local/bundle.ts'
import { workerOptions } from '../../scripts/local/worker-options.ts'

export type RunningWorker = {
  request(path: string, body: unknown, token?: string): Promise<Record<string, unknown>>
  stop(): Promise<void>
}

/** The worker as it is deployed, with its queues. `consumes` false: what is sent is dropped. */
export async function startWorker(
  bundle: Bundle,
  bindings: Readonly<Record<string, string>>,
  folder: string,
  consumes: boolean,
): Promise<RunningWorker> {
  const worker = workerOptions(bundle, bindings)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ cf: false, logRequests: false, telemetry: { enabled: false } },
      resourcePersistencePath: folder,
      workers: [
        {
          ...worker,
          ...(consumes ? {} : { queueConsumers: {} }),
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    } as never),
  )
  await miniflare.ready
  const url = await miniflare.unsafeGetDirectURL(worker.name)
  return {
    async request(path, body, token) {
      const response = await fetch(new URL(path, url), {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        },
        body: JSON.stringify(body),
      })
      if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`)
      return (await response.json()) as Record<string, unknown>
    },
    stop: () => miniflare.dispose(),
  }
}

const SENDER = `
  let received = 0
  export default {
    async fetch(request, env) {
      const count = Number(new URL(request.url).searchParams.get('send'))
      if (count) {
        const messages = Array.from({ length: 100 }, () => ({ body: env.BODY }))
        for (let sent = 0; sent < count; sent += 100) await env.QUEUE.sendBatch(messages)
      }
      return new Response(String(received))
    },
    queue(batch) {
      received += batch.messages.length
      for (const message of batch.messages) message.ack()
    },
  }`

/** Messages per second through the local queue to a consumer that only acknowledges. */
export async function queueAlone(messages: number, body: unknown): Promise<number> {
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ cf: false, logRequests: false, telemetry: { enabled: false } },
      workers: [
        {
          name: 'queue',
          modules: true,
          script: SENDER,
          compatibilityDate: '2026-10-01',
          bindings: { BODY: body },
          queueProducers: { QUEUE: 'queue' },
          queueConsumers: { queue: { maxBatchSize: 20, maxBatchTimeout: 1, maxRetries: 0 } },
        },
      ],
    } as never),
  )
  try {
    await miniflare.ready
    const ask = async (query: string) =>
      Number(await (await miniflare.dispatchFetch(`http://queue/${query}`)).text())
    const begunMs = performance.now()
    await ask(`?send=${messages}`)
    while ((await ask('')) < messages) await new Promise((resolve) => setTimeout(resolve, 5))
    return (messages * 1_000) / (performance.now() - begunMs)
  } finally {
    await miniflare.dispose()
  }
}
