import type { RedisCommand } from './backend.ts'
import { type Bytes, bytesOf } from './reply.ts'

/** What one HTTP request asks for. */
export type RestBatch = {
  /** `pipeline`: each on its own; `transaction`: all with nothing of others between them. */
  readonly kind: 'single' | 'pipeline' | 'transaction'
  readonly commands: readonly RedisCommand[]
}

/** An answer that is no result of Redis: the request itself was wrong. */
export class RestError extends Error {
  override readonly name = 'RestError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT']

/** `path` with its query, `body` as it came. Throws a RestError. */
export function parseRequest(method: string, path: string, body: Buffer): RestBatch {
  if (!METHODS.includes(method)) throw new RestError(405, 'ERR method not allowed')
  const [route = '', query = ''] = split(path, '?')
  if (route === '/' || route === '') return { kind: 'single', commands: [parseCommand(json(body))] }
  if (route === '/pipeline') return { kind: 'pipeline', commands: parseCommands(json(body)) }
  if (route === '/multi-exec') return { kind: 'transaction', commands: parseCommands(json(body)) }
  return { kind: 'single', commands: [pathCommand(route, query, body)] }
}

/** `/set/key?EX=100` with the value as the body: the query's names and values come last. */
function pathCommand(route: string, query: string, body: Buffer): RedisCommand {
  const words = route.replace(/^\//, '').replace(/\/$/, '').split('/').map(unescapeWord)
  const raw = body.length === 0 ? [] : [body.toString('latin1')]
  const parameters = query === '' ? [] : query.split('&').map((parameter) => split(parameter, '='))
  const options = parameters
    .filter(([name]) => name !== '_token')
    .flatMap(([name = '', value = '']) => (value === '' ? [name] : [name, value]))
  return [...words, ...raw, ...options.map((word) => unescapeWord(word.replaceAll('+', ' ')))]
}

/** By bytes: what is escaped need not be UTF-8. */
function unescapeWord(word: string): Bytes {
  return bytesOf(word).replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
}

function split(text: string, separator: string): readonly string[] {
  const index = text.indexOf(separator)
  return index < 0 ? [text] : [text.slice(0, index), text.slice(index + 1)]
}

function json(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString())
  } catch {
    // The parser's own message quotes the body, which can hold anything.
    throw new RestError(400, 'ERR failed to parse the request: it is not JSON')
  }
}

function parseCommands(value: unknown): RedisCommand[] {
  if (!Array.isArray(value)) {
    throw new RestError(400, 'ERR failed to parse the request: it is no array of commands')
  }
  if (value.length === 0) throw new RestError(400, 'ERR empty pipeline request')
  return value.map(parseCommand)
}

function parseCommand(value: unknown): RedisCommand {
  if (!Array.isArray(value)) {
    throw new RestError(400, 'ERR failed to parse the request: a command is an array')
  }
  if (value.length === 0) throw new RestError(400, 'ERR empty command')
  return value.map(parseWord)
}

function parseWord(value: unknown): Bytes {
  if (typeof value === 'string') return bytesOf(value)
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw new RestError(
    400,
    'ERR failed to parse the request: an argument is a string, a number or a boolean',
  )
}
