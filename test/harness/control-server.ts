import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { json } from 'node:stream/consumers'

/** What a POST to a path does with its JSON body; what it resolves with is the answer. */
export type Actions = Readonly<Record<string, (body: unknown) => unknown>>

export type ControlServer = { readonly url: string; close(): Promise<void> }

/** Lets tests, which run in processes of their own, act on what the global setup has started. */
export async function startControlServer(actions: Actions): Promise<ControlServer> {
  const server = createServer((request, response) => void handle(actions, request, response))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no TCP address')
  return {
    url: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function handle(actions: Actions, request: IncomingMessage, response: ServerResponse) {
  const act = actions[request.url ?? '']
  if (act === undefined || request.method !== 'POST') {
    response.writeHead(404).end()
    return
  }
  try {
    const result = await act(await json(request))
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify(result ?? {}))
  } catch (error) {
    response.writeHead(500).end(String(error))
  }
}
