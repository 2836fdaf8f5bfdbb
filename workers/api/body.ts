import type { Context } from 'hono'
import { AppError, invalid } from '../../core/errors.ts'
import { parseJsonExactly } from '../../core/json-problems.ts'
import type { AppEnv } from './context.ts'
import { importFormatOf, SEND_AN_IMPORT } from './import-formats.ts'
import { SEND_LATER } from './import-rows.ts'

/** Most bytes of a request body. */
export const MAX_BODY_BYTES = 10 * 1024 * 1024

const JSON_TYPE = /^application\/json\s*(;|$)/i

/**
 * How much of a body that nobody wants is read all the same: a client that is still sending does not
 * look for an answer, and would be told of a broken connection instead.
 */
const MAX_DISCARDED_BYTES = 4 * MAX_BODY_BYTES

/**
 * Reads the body once, within the limit, and refuses what is not JSON (or a format of imports) before
 * anything else looks at it. What JSON says; `undefined` for an import. Its text is kept as `bodyText`.
 * `isQuery`: nothing of it will be stored.
 */
export async function readBody(
  c: Context<AppEnv>,
  { isQuery }: { readonly isQuery: boolean },
): Promise<unknown> {
  const isImport = c.req.path.endsWith('/import')
  const contentType = c.req.header('content-type') ?? ''
  // Read by whoever stores it: it may be larger than memory.
  if (isImport && c.req.query('async') === 'true') {
    if (importFormatOf(contentType) !== null) return undefined
    throw new AppError('unsupported_media_type', SEND_AN_IMPORT)
  }
  const text = await limitedText(c, { isImport, isQuery })
  if (text === '') throw new AppError('malformed_request', 'the request needs a body')
  const isKnown = isImport ? importFormatOf(contentType) !== null : JSON_TYPE.test(contentType)
  if (!isKnown) {
    throw new AppError('unsupported_media_type', isImport ? SEND_AN_IMPORT : SEND_JSON)
  }
  c.set('bodyText', text)
  return isImport ? undefined : parseJson(text)
}

/** Reads what a request has still to send that nobody wants. */
export async function discardBody(request: Request): Promise<void> {
  // In this order: to ask for the body of one that is used up makes a stream for nothing.
  if (request.bodyUsed || request.body === null) return
  let bytes = 0
  for await (const chunk of request.body) {
    bytes += chunk.byteLength
    if (bytes > MAX_DISCARDED_BYTES) return
  }
}

const SEND_JSON = 'send application/json'

/** What says how long it is cannot be longer, and is read at once: several times as fast. */
function limitedText(
  { req }: Context<AppEnv>,
  { isImport, isQuery }: { readonly isImport: boolean; readonly isQuery: boolean },
): Promise<string> {
  const length = Number(req.header('content-length') ?? Number.NaN)
  if (!(length <= MAX_BODY_BYTES)) return limitedBytes(req.raw, isImport).then(textOf)
  if (isQuery) return req.raw.text().then((text) => queryText(text, length))
  return req.raw.arrayBuffer().then(textOf)
}

/**
 * What is asked, as the runtime decodes it, which leaves less garbage than decoding bytes. It puts U+FFFD for
 * what is not UTF-8, which the length tells, but for characters of four bytes that lack the last: these may
 * pass, where nothing is kept.
 */
function queryText(text: string, length: number): string {
  if (text.includes('\uFFFD') && new TextEncoder().encode(text).length > length) throw notUtf8()
  return text
}

async function limitedBytes(request: Request, isImport: boolean): Promise<ArrayBuffer> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of request.body ?? []) {
    bytes += chunk.byteLength
    if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
    else chunks.length = 0
    if (bytes > MAX_DISCARDED_BYTES) break
  }
  if (bytes > MAX_BODY_BYTES) {
    const hint = isImport ? `: ${SEND_LATER}` : ''
    const message = `a body may have at most ${MAX_BODY_BYTES} bytes${hint}`
    throw new AppError('payload_too_large', message)
  }
  return new Blob(chunks).arrayBuffer()
}

const UTF_8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false })

function textOf(bytes: ArrayBuffer): string {
  try {
    return UTF_8.decode(bytes)
  } catch {
    // Only `decode` throws here, and only for bytes that are not UTF-8.
    throw notUtf8()
  }
}

function notUtf8(): AppError {
  return new AppError('malformed_request', 'the body is not UTF-8')
}

function parseJson(text: string): unknown {
  try {
    const { value, problems } = parseJsonExactly(text)
    if (problems.length > 0) throw invalid(problems)
    return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new AppError('malformed_request', `the body is not JSON: ${error.message}`)
  }
}
