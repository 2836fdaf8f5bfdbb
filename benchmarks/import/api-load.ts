import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Bundle } from '../../scripts/local/bundle.ts'
import { demoTenant } from '../../scripts/local/demo.ts'
import { startServer } from '../../scripts/local/server.ts'
import type { Stack } from '../../scripts/local/stack.ts'
import type { ClientResult, ClientTask } from './client.ts'

export type ApiLoad = {
  readonly route: 'import' | 'batch'
  readonly bodiesFile: string
  readonly inFlight: number
}

/**
 * Loads prepared bodies over HTTP into the graph `default` of a new tenant, through the worker as it
 * is deployed. Resolves with the milliseconds from the first request to the last answer.
 */
export async function loadThroughApi(
  stack: Stack,
  bundle: Bundle,
  folder: string,
  { route, bodiesFile, inFlight }: ApiLoad,
): Promise<number> {
  const server = await startServer({
    port: 0,
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
    return await runClient(task)
  } finally {
    await server.stop()
  }
}

async function runClient(task: ClientTask): Promise<number> {
  const client = fork(join(import.meta.dirname, 'client.ts'), [JSON.stringify(task)])
  await nextMessage(client)
  client.send('go')
  const { elapsedMs } = (await nextMessage(client)) as ClientResult
  await once(client, 'exit')
  return elapsedMs
}

function nextMessage(client: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    client.once('message', resolve)
    client.once('exit', (code) => reject(new Error(`the client ended with code ${code}`)))
  })
}
