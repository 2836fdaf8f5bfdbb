import type { Context as HonoContext } from 'hono'
import { type Bookmark, encodeBookmark, mergeBookmark } from '../../core/log/bookmark.ts'
import type { JobView } from '../operations/jobs.ts'
import type { Answer, ReadInfo } from '../operations/records.ts'
import { ALWAYS, requestIdOf } from './answer-headers.ts'
import type { AppEnv } from './context.ts'

type C = HonoContext<AppEnv>

/** An answer from a graph, with the place in its log that it speaks of. */
export function graphAnswer(c: C, answer: Answer<unknown>, status: 200 | 201 = 200): Response {
  return respond(c, answer, { status, etag: null })
}

/** One record: its version is its ETag, and a client that has that version gets no body. */
export function recordAnswer(
  c: C,
  answer: Answer<{ readonly version: number }>,
  status: 200 | 201 | 202 = 200,
): Response {
  return respond(c, answer, { status, etag: `"${answer.value.version}"` })
}

export function noContent(c: C, answer: Answer<null>): Response {
  return respond(c, answer, { status: 204, etag: null })
}

type Marks = { readonly status: 200 | 201 | 202 | 204; readonly etag: string | null }

function respond(c: C, answer: Answer<unknown>, { status, etag }: Marks): Response {
  const { value, read, replayed } = answer
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  const isKnown = isRead && etag !== null && matches(c.req.header('if-none-match'), etag)
  const body = status === 204 || isKnown ? null : textOf(value)
  const response = isRead ? readResponse(body) : writeResponse(c, body, status)
  const { headers } = response
  headers.set('x-request-id', requestIdOf(c))
  headers.set('tendril-bookmark', bookmarkText(c, answer.bookmark))
  if (etag !== null) headers.set('etag', etag)
  if (replayed) headers.set('idempotency-replayed', 'true')
  if (read) explain(headers, read)
  const link = c.get('link')
  if (link !== undefined && body !== null) headers.set('link', link)
  return response
}

const JSON_TYPE = 'application/json'

/** A tenant's data may be kept by its own client only, and asked for again each time (R10). */
const NOT_MODIFIED = new Headers({
  ...ALWAYS,
  'cache-control': 'private, no-cache',
  vary: 'Authorization, Tendril-Consistency, Tendril-Bookmark',
})
const FOUND = new Headers({ ...Object.fromEntries(NOT_MODIFIED), 'content-type': JSON_TYPE })

/** Headers that never change are copied at once: set one by one they take longer than all the rest. */
function readResponse(body: string | null): Response {
  return body === null
    ? new Response(null, { status: 304, headers: NOT_MODIFIED })
    : new Response(body, { headers: FOUND })
}

/** With what the route has set by `c.header`. */
function writeResponse(c: C, body: string | null, status: Marks['status']): Response {
  const response = c.newResponse(body, status)
  if (body !== null) response.headers.set('content-type', JSON_TYPE)
  for (const [name, value] of Object.entries(ALWAYS)) response.headers.set(name, value)
  return response
}

/** How this answer came to be: RFC 9211, and RFC 9111 for its age. */
function explain(headers: Headers, { source, ageMs, isStale }: ReadInfo): void {
  headers.set('cache-status', CACHE_STATUS[source])
  if (source !== 'origin') headers.set('age', String(Math.floor(ageMs / 1_000)))
  if (isStale) headers.set('tendril-stale', '1')
}

/** The cache nearest to the data comes first. */
const CACHE_STATUS: Readonly<Record<ReadInfo['source'], string>> = {
  memory: 'tendril-memory; hit',
  edge: 'tendril-edge; hit, tendril-memory; fwd=miss',
  redis: 'tendril-redis; hit, tendril-edge; fwd=miss, tendril-memory; fwd=miss',
  origin: 'tendril-memory; fwd=miss',
}

/** Texts of values that memory holds: each is written out once. */
const texts = new WeakMap<object, string>()

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = JSON.stringify(value)
  texts.set(value, text)
  return text
}

/** The last bookmark of each graph in use: few change between two reads. */
const bookmarkTexts = new WeakMap<object, { readonly of: Bookmark; readonly text: string }>()

function bookmarkText(c: C, bookmark: Bookmark): string {
  const { bookmarks, access } = c.get('context')
  if (bookmarks.length > 0) return mergeBookmark(bookmarks, bookmark).map(encodeBookmark).join(', ')
  const graph = access?.graph
  if (!graph) return encodeBookmark(bookmark)
  const known = bookmarkTexts.get(graph)
  if (known && isSame(known.of, bookmark)) return known.text
  const text = encodeBookmark(bookmark)
  bookmarkTexts.set(graph, { of: bookmark, text })
  return text
}

function isSame(one: Bookmark, other: Bookmark): boolean {
  const { logId, historyId, seq } = other
  return one.seq === seq && one.logId === logId && one.historyId === historyId
}

/** A job that has been accepted, and where it tells how far it is. */
export function jobAnswer(
  c: C,
  { value, replayed }: { readonly value: JobView; readonly replayed: boolean },
): Response {
  c.header('location', `/api/v1/jobs/${value.id}`)
  if (replayed) c.header('idempotency-replayed', 'true')
  return c.json(value as never, 202)
}

/** The page after this one, also as a `Link` (RFC 8288). */
export function linkNext(c: C, next: string | null): void {
  if (next === null) return
  const { searchParams } = new URL(c.req.url)
  searchParams.set('cursor', next)
  c.set('link', `<${c.req.path}?${searchParams}>; rel="next"`)
}

/** Weak comparison (RFC 9110, 13.1.2): a proxy may have weakened the tag. */
function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false
  return header.split(',').some((each) => each.trim() === '*' || strong(each) === etag)
}

function strong(tag: string): string {
  return tag.trim().replace(/^W\//, '')
}

/** No record has this version. */
const NO_VERSION = 0

/**
 * The version in `If-Match`; `null` without the header or with `*`. A tag that we never gave is a
 * version that no record has; `undefined` is what is no single ETag at all.
 */
export function ifMatchVersion(header: string | undefined): number | null | undefined {
  if (header === undefined || header.trim() === '*') return null
  const tag = /^"([^",]*)"$/.exec(strong(header))?.[1]
  if (tag === undefined) return undefined
  return /^\d{1,15}$/.test(tag) ? Number(tag) : NO_VERSION
}
