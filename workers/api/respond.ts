import type { Context as HonoContext } from 'hono'
import { encodeBookmark, mergeBookmark } from '../../core/log/bookmark.ts'
import type { JobView } from '../operations/jobs.ts'
import type { Answer, ReadInfo } from '../operations/records.ts'
import type { AppEnv } from './context.ts'

type C = HonoContext<AppEnv>

/** A tenant's data may be kept by its own client only, and asked for again each time (R10). */
const TENANT_DATA = 'private, no-cache'

/** An answer from a graph, with the place in its log that it speaks of. */
export function graphAnswer(c: C, answer: Answer<unknown>, status: 200 | 201 = 200): Response {
  mark(c, answer)
  return json(c, answer.value, status)
}

/** One record: its version is its ETag, and a client that has that version gets no body. */
export function recordAnswer(
  c: C,
  answer: Answer<{ readonly version: number }>,
  status: 200 | 201 | 202 = 200,
): Response {
  const etag = `"${answer.value.version}"`
  c.header('etag', etag)
  mark(c, answer)
  const isRead = c.req.method === 'GET' || c.req.method === 'HEAD'
  if (isRead && matches(c.req.header('if-none-match'), etag)) return c.body(null, 304)
  return json(c, answer.value, status)
}

export function noContent(c: C, answer: Answer<null>): Response {
  mark(c, answer)
  return c.body(null, 204)
}

function mark(c: C, { bookmark, replayed, read }: Answer<unknown>): void {
  const seen = mergeBookmark(c.get('context').bookmarks, bookmark)
  c.header('tendril-bookmark', seen.map(encodeBookmark).join(', '))
  if (c.req.method === 'GET' || c.req.method === 'HEAD') c.header('cache-control', TENANT_DATA)
  if (replayed) c.header('idempotency-replayed', 'true')
  if (read) explain(c, read)
}

/** How this answer came to be: RFC 9211, and RFC 9111 for its age. */
function explain(c: C, { source, ageMs, isStale }: ReadInfo): void {
  c.header('cache-status', CACHE_STATUS[source])
  c.header('vary', 'Authorization, Tendril-Consistency, Tendril-Bookmark')
  if (source !== 'origin') c.header('age', String(Math.floor(ageMs / 1_000)))
  if (isStale) c.header('tendril-stale', '1')
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

function json(c: C, value: unknown, status: 200 | 201 | 202): Response {
  if (typeof value !== 'object' || value === null) return c.json(value as never, status)
  const known = texts.get(value)
  const text = known ?? JSON.stringify(value)
  if (known === undefined) texts.set(value, text)
  return c.body(text, status, { 'content-type': 'application/json' })
}

/** How often a client should look how far a job is. */
export const JOB_POLL_SECONDS = 2

/** A job that has been accepted, and where it tells how far it is. */
export function jobAnswer(
  c: C,
  { value, replayed }: { readonly value: JobView; readonly replayed: boolean },
): Response {
  c.header('location', `/api/v1/jobs/${value.id}`)
  c.header('retry-after', String(JOB_POLL_SECONDS))
  if (replayed) c.header('idempotency-replayed', 'true')
  return c.json(value as never, 202)
}

/** The page after this one, also as a `Link` (RFC 8288). */
export function linkNext(c: C, next: string | null): void {
  if (next === null) return
  const url = new URL(c.req.url)
  url.searchParams.set('cursor', next)
  c.header('link', `<${url.pathname}${url.search}>; rel="next"`)
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
