import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { refusal } from './availability.ts'
import type { Mishap, RedisBackend } from './backend.ts'
import { RedisError, type Reply } from './reply.ts'
import { answerJson, type Encoding, errorJson } from './rest-answer.ts'
import { parseRequest, type RestBatch, RestError } from './rest-request.ts'

/**
 * What a fault does. `cut`: the connection is closed without an answer. `hang`: no answer ever.
 * `fail`: 500. `lose`: writes are answered, and undone. `old`: reads answer what was there before
 * the last write that the client has not seen.
 */
export type RedisFault = 'cut' | 'hang' | 'fail' | 'lose' | 'old' | undefined

/** Hooks for tests; one that resolves later delays its request. */
export type RedisFaults = {
  /** Before anything ran: a cut here changes nothing in the database. */
  beforeExecute?(batch: RestBatch): RedisFault | Promise<RedisFault>
  /** After the commands ran: a cut here loses only the answer. */
  beforeRespond?(batch: RestBatch): 'cut' | 'hang' | undefined
}

export type UpstashRestOptions = {
  /** Who sends it may do anything. */
  readonly token: string
  /** Closed with the service. */
  readonly backend: RedisBackend
  /** TCP port on 127.0.0.1; 0 or absent takes a free one. */
  readonly port?: number
  readonly faults?: RedisFaults
}

export type UpstashRest = {
  /** http://127.0.0.1:PORT, for `new Redis({ url })`. */
  readonly url: string
  /** From now on connections are refused, as when nothing runs there; open ones are closed. */
  refuse(): Promise<void>
  /** Ends `refuse`. */
  accept(): Promise<void>
  close(): Promise<void>
}

const HOST = '127.0.0.1'

/** A pipeline of large commands; each has a bound of its own. */
const MAX_BODY_BYTES = 128 * 1024 * 1024

// Longer than clients keep an idle connection: who closes first must not be us, or a request can
// meet a closing connection and look like a failed one.
const KEEP_ALIVE_MS = 10 * 60_000

/**
 * Serves one database by Upstash's REST protocol on 127.0.0.1. Rejects when the port is taken.
 * Not there: subscriptions and the response format `resp2`.
 */
export async function startUpstashRest(options: UpstashRestOptions): Promise<UpstashRest> {
  const server = createServer({ noDelay: true, keepAliveTimeout: KEEP_ALIVE_MS }, (req, res) => {
    void handle(options, req, res)
  })
  async function listen(port: number): Promise<number> {
    server.listen(port, HOST)
    await once(server, 'listening')
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no TCP address')
    return address.port
  }
  async function refuse(): Promise<void> {
    if (!server.listening) return
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
  }
  const port = await listen(options.port ?? 0)
  return {
    url: `http://${HOST}:${port}`,
    refuse,
    async accept() {
      if (!server.listening) await listen(port)
    },
    async close() {
      await refuse()
      await options.backend.close()
    },
  }
}

async function handle(
  options: UpstashRestOptions,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { backend, faults = {} } = options
  try {
    authorise(request, options.token)
    const encoding = encodingOf(request)
    const batch = parseRequest(request.method ?? '', request.url ?? '', await readBody(request))
    const fault = await faults.beforeExecute?.(batch)
    if (fault === 'hang') return
    if (fault === 'cut') return cut(response)
    if (fault === 'fail') throw new RestError(500, 'ERR the database has failed')
    const answer = await answerTo(backend, batch, encoding, mishapOf(fault, request))
    const after = faults.beforeRespond?.(batch)
    if (after === 'hang') return
    if (after === 'cut') return cut(response)
    respond(response, answer.status, answer.body, backend.position())
  } catch (error) {
    const status = error instanceof RestError ? error.status : 500
    const message = error instanceof Error ? error.message : String(error)
    respond(response, status, errorJson(message), backend.position())
  }
}

type Answer = { readonly status: number; readonly body: string }

async function answerTo(
  backend: RedisBackend,
  { kind, commands }: RestBatch,
  encoding: Encoding,
  mishap: Mishap | undefined,
): Promise<Answer> {
  const [first] = commands
  if (kind === 'single' && first !== undefined) {
    const reply = refusal(first) ?? (await backend.execute(first, mishap))
    return oneAnswer(reply, encoding)
  }
  if (kind === 'transaction') {
    const refused = commands.map(refusal).find((error) => error !== undefined)
    const replies = refused ?? (await backend.transaction(commands, mishap))
    return replies instanceof RedisError
      ? oneAnswer(replies, encoding)
      : { status: 200, body: manyJson(replies, encoding) }
  }
  const replies: Reply[] = []
  for (const command of commands) {
    replies.push(refusal(command) ?? (await backend.execute(command, mishap)))
    // A pipeline is not atomic: what others ask for comes between.
    await nextTurn()
  }
  return { status: 200, body: manyJson(replies, encoding) }
}

function oneAnswer(reply: Reply, encoding: Encoding): Answer {
  return { status: reply instanceof RedisError ? 400 : 200, body: answerJson(reply, encoding) }
}

function manyJson(replies: readonly Reply[], encoding: Encoding): string {
  return `[${replies.map((reply) => answerJson(reply, encoding)).join(',')}]`
}

function mishapOf(fault: 'lose' | 'old' | undefined, request: IncomingMessage): Mishap | undefined {
  if (fault === 'lose') return 'lost'
  // A client that sends the token of its last answer is not shown less than that.
  return fault === 'old'
    ? { oldSince: Number(request.headers['upstash-sync-token']) || 0 }
    : undefined
}

function authorise(request: IncomingMessage, token: string): void {
  const [scheme, sent] = (request.headers.authorization ?? '').split(' ')
  const parameter = new URLSearchParams(request.url?.split('?')[1]).get('_token')
  const given = scheme?.toLowerCase() === 'bearer' ? sent : parameter
  if (given && timingSafeEqual(digest(given), digest(token))) return
  throw new RestError(401, 'WRONGPASS invalid or missing auth token')
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function encodingOf(request: IncomingMessage): Encoding {
  if (request.headers['upstash-response-format'] !== undefined) {
    throw new RestError(400, 'ERR the local service has no Upstash-Response-Format')
  }
  return request.headers['upstash-encoding'] === 'base64' ? 'base64' : 'utf8'
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) return chunks.push(chunk)
      request.pause()
      reject(new RestError(413, `ERR the request is larger than ${MAX_BODY_BYTES} bytes`))
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

function cut(response: ServerResponse): void {
  response.socket?.destroy()
}

function respond(response: ServerResponse, status: number, body: string, position: number): void {
  // Unread parts of a request would be taken for the next one.
  if (!response.req.complete) response.setHeader('connection', 'close')
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'upstash-sync-token': String(position),
  })
  response.end(body)
}
