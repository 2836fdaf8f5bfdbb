import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bundle } from '../../scripts/local/bundle.ts'
import { demoTenant } from '../../scripts/local/demo.ts'
import { startServer } from '../../scripts/local/server.ts'
import type { Stack } from '../../scripts/local/stack.ts'
import type { ClientResult, ClientTask } from './client.ts'
import { cpuMsOf } from './cpu-time.ts'

export type ApiLoad = {
  readonly route: 'import' | 'batch'
  readonly bodiesFile: string
  readonly inFlight: number
}

export type ApiLoaded = {
  readonly elapsedMs: number
  /** CPU time of the runtime, and of the client. */
  readonly workerMs: number
  readonly clientMs: number
}

/**
 * Loads prepared bodies over HTTP into the graph `default` of a new tenant, through the worker as it
 * is deployed. `elapsedMs` is from the first request to the last answer.
 */
export async function loadThroughApi(
  stack: Stack,
  bundle: Bundle,
  folder: string,
  { route, bodiesFile, inFlight }: ApiLoad,
): Promise<ApiLoaded> {
  let workerPid = 0
  const server = await startServer({
    port: 0,
    onRuntime: (pid) => {
      workerPid = pid
    },
    bundle,
    bindings: stack.bindings,
    persistDir: join(folder, 'objects'),
    onLog: (line) => console.error(line),
  })
  try {
    const { apiKey } = await demoTenant(server.url, join(folder, 'tenant.json'))
    const task: ClientTask = {
      bodiesFile,
      url: `${server.url}/api/v1/${route}`,
      apiKey,
      contentType: route === 'import' ? 'application/x-ndjson' : 'application/json',
      inFlight,
    }
    return await runClient(task, () => cpuMsOf(workerPid))
  } finally {
    await server.stop()
  }
}

async function runClient(task: ClientTask, workerCpuMs: () => number): Promise<ApiLoaded> {
  const client = fork(join(import.meta.dirname, 'client.ts'), [JSON.stringify(task)])
  await nextMessage(client)
  const before = workerCpuMs()
  client.send('go')
  const { elapsedMs, cpuMs } = (await nextMessage(client)) as ClientResult
  const workerMs = workerCpuMs() - before
  await once(client, 'exit')
  return { elapsedMs, workerMs, clientMs: cpuMs }
}

function nextMessage(client: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.once('message', resolve)
    client.once('exit', (code) => reject(new Error(`the client ended with code ${code}`)))
  })
}
