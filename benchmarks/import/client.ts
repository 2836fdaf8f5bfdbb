import { readFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import type { Bodies } from './request-bodies.ts'

/**
 * A process of its own that sends prepared bodies, so that neither making them nor the SQL service
 * of the process that started it counts. It says `ready` when it has read them, sends on any
 * message, and answers with the milliseconds it took.
 */
export type ClientTask = {
  readonly bodiesFile: string
  readonly url: string
  readonly apiKey: string
  readonly contentType: string
  /** Requests under way at the same time. */
  readonly inFlight: number
}

export type ClientResult = { readonly elapsedMs: number; readonly cpuMs: number }

const task = JSON.parse(process.argv[2] ?? '') as ClientTask
const lists = JSON.parse(readFileSync(task.bodiesFile, 'utf8')) as Bodies
const bodies = lists.map((list) => list.map((body) => Buffer.from(body)))
const agent = new Agent({ keepAlive: true, maxSockets: task.inFlight })

process.once('message', async () => {
  const start = performance.now()
  const cpuBefore = process.cpuUsage()
  for (const list of bodies) await sendAll(list)
  const elapsedMs = performance.now() - start
  const { user, system } = process.cpuUsage(cpuBefore)
  const result: ClientResult = { elapsedMs, cpuMs: (user + system) / 1_000 }
  process.send?.(result, () => process.disconnect())
})
process.send?.('ready')

async function sendAll(list: readonly Buffer[]): Promise<void> {
  const waiting = list[Symbol.iterator]()
  const sender = async () => {
    for (const body of waiting) await send(body)
  }
  await Promise.all(Array.from({ length: task.inFlight }, sender))
}

function send(body: Buffer): Promise<void> {
  const { url, apiKey, contentType } = task
  const headers = {
    authorization: `Bearer ${apiKey}`,
    'content-type': contentType,
    'content-length': body.length,
  }
  return new Promise((resolve, reject) => {
    const sending = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        const isDone = response.statusCode === 200 && !/"refused":[1-9]/.test(text)
        if (isDone) resolve()
        else reject(new Error(`answered ${response.statusCode}: ${text.slice(0, 1_000)}`))
      })
    })
    sending.on('error', reject)
    sending.end(body)
  })
}
