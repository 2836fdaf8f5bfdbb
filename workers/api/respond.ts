import { createHash } from 'node:crypto'
import type { Context as HonoContext } from 'hono'
import { type Bookmark, encodeBookmark, mergeBookmark } from '../../core/log/bookmark.ts'
import { encodeEtag, matchesEtag, parseEtag } from '../../core/log/etag.ts'
import type { JobView } from '../operations/jobs.ts'
import type { Answer, NotModified } from '../operations/records.ts'
import { ALWAYS, requestIdOf } from './answer-headers.ts'
import type { AppEnv } from './context.ts'
import { explain, FROM_MEMORY } from './explain.ts'
import { type LastModified, lastModified, parseHttpDate } from './last-modified.ts'

type C = HonoContext<AppEnv>

/** An answer from a graph, with the place in its log that it speaks of. */
export function graphAnswer(c: C, answer: Answer<unknown>, status: 200 | 201 = 200): Response {
  return respond(c, answer, { status, etag: null })
}

/** One record: its version is its ETag, and a client that has that version gets no body. */
export function recordAnswer(
  c: C,
  answer: Answer<{ readonly version: number; readonly updated_at: string }> | NotModified,
  status: 200 | 201 | 202 = 200,
): Response {
  if ('etag' in answer) return notModified(c, answer, answer.etag)
  const etag = encodeEtag(answer.value.version, answer.bookmark.historyId)
  return respond(c, answer, { status, etag, dated: answer.value })
}

/** What is told by the seq it was read at: that is its ETag. */
export function seqAnswer(c: C, answer: Answer<unknown> | NotModified): Response {
  if ('etag' in answer) return notModified(c, answer, answer.etag)
  const etag = answer.read ? encodeEtag(answer.read.seq, answer.bookmark.historyId) : null
  return respond(c, answer, { status: 200, etag })
}

type Page<At> = { readonly items: readonly unknown[]; readonly next: At | null }

/**
 * A page of a list, which begins and ends the same whenever memory gives it. `cursorOf` makes the
 * text of where the next page begins.
 */
export function pageAnswer<At>(
  c: C,
  answer: Answer<Page<At>> | NotModified,
  cursorOf: (next: At) => string,
): Response {
  if ('etag' in answer) return notModified(c, answer, answer.etag)
  const { value, ...at } = answer
  const page = pages.get(value) ?? pageOf(value, cursorOf)
  pages.set(value, page)
  linkNext(c, page.next)
  return seqAnswer(c, { value: page, ...at })
}

/** Pages as they are sent, by what memory holds of them. */
const pages = new WeakMap<object, Page<string>>()

function pageOf<At>({ items, next }: Page<At>, cursorOf: (next: At) => string): Page<string> {
  return { items, next: next === null ? null : cursorOf(next) }
}

/**
 * What may change while the log stands still, such as the progress of a task: its ETag is a digest of
 * the text.
 */
export function digestAnswer(c: C, answer: Answer<unknown>): Response {
  const digest = createHash('sha256').update(textOf(answer.value)).digest('base64url')
  return respond(c, answer, { status: 200, etag: `"${digest.slice(0, DIGEST_CHARACTERS)}"` })
}

/** 132 bits. */
const DIGEST_CHARACTERS = 22

export function noContent(c: C, answer: Answer<null>): Response {
  return respond(c, answer, { status: 204, etag: null })
}

type Marks = {
  readonly status: 200 | 201 | 202 | 204
  readonly etag: string | null
  /** A record, which tells when it last changed. */
  readonly dated?: { readonly updated_at: string }
}

function respond(c: C, answer: Answer<unknown>, { status, etag, dated }: Marks): Response {
  const { value, read } = answer
  const { isRead, arrivedAt } = c.get('context')
  const modified = isRead && dated ? lastModified(dated, arrivedAt) : null
  if (isRead && isHeld(c, etag, modified)) return notModified(c, answer, etag)
  // What a POST gives is made for it alone: keeping its text would keep it for nobody.
  const text = isRead ? textOf(value) : JSON.stringify(value)
  const body = status === 204 ? null : text
  const headers = isRead ? FOUND : SEARCHED
  const response =
    isRead || read ? new Response(body, { status, headers }) : writeResponse(c, body, status)
  mark(c, response.headers, answer, etag)
  if (modified !== null) response.headers.set('last-modified', modified.text)
  const link = c.get('link')
  if (link !== undefined) response.headers.set('link', link)
  return response
}

/** Nothing of the representation but its tag (RFC 9110, 15.4.5). */
function notModified(c: C, answer: Omit<Answer<unknown>, 'value'>, etag: string | null): Response {
  const response = new Response(null, { status: 304, headers: NOT_MODIFIED })
  mark(c, response.headers, answer, etag)
  return response
}

function mark(
  c: C,
  headers: Headers,
  { bookmark, replayed, read }: Omit<Answer<unknown>, 'value'>,
  etag: string | null,
): void {
  c.set('isComplete', true)
  headers.set('x-request-id', requestIdOf(c))
  headers.set('tendril-bookmark', bookmarkText(c, bookmark))
  if (etag !== null) headers.set('etag', etag)
  if (replayed) headers.set('idempotency-replayed', 'true')
  if (read) explain(headers, read, c.get('context').accessMs)
}

const JSON_TYPE = 'application/json'

/**
 * A tenant's data may be kept by its own client only, and asked for again each time (R10). What never
 * changes is copied at once: set one by one, headers take longer than all the rest of an answer.
 */
const NOT_MODIFIED = new Headers({
  ...ALWAYS,
  ...FROM_MEMORY,
  'cache-control': 'private, no-cache',
  vary: 'Authorization, Tendril-Consistency, Tendril-Bookmark',
})
const FOUND = new Headers({ ...Object.fromEntries(NOT_MODIFIED), 'content-type': JSON_TYPE })
/** Of a read by POST, which no HTTP cache keeps: it has an age only if there is one to speak of. */
const SEARCHED = new Headers({
  ...ALWAYS,
  'cache-status': FROM_MEMORY['cache-status'],
  'content-type': JSON_TYPE,
})

/** For a write to the tenant's own log, before its answer is made. */
export function markWritten(
  c: C,
  { bookmark, replayed }: Pick<Answer<unknown>, 'bookmark' | 'replayed'>,
): void {
  c.header('tendril-bookmark', bookmarkText(c, bookmark))
  if (replayed) c.header('idempotency-replayed', 'true')
}

/** With what the route has set by `c.header`. */
function writeResponse(c: C, body: string | null, status: Marks['status']): Response {
  const response = c.newResponse(body, status)
  if (body !== null) response.headers.set('content-type', JSON_TYPE)
  for (const [name, value] of Object.entries(ALWAYS)) response.headers.set(name, value)
  return response
}

/** Whether the client has it (RFC 9110, 13.2.2): by its tag, or where it sends none by its date. */
function isHeld(c: C, etag: string | null, modified: LastModified | null): boolean {
  const { ifNoneMatch, arrivedAt } = c.get('context')
  if (ifNoneMatch !== null) return etag !== null && matchesEtag(ifNoneMatch.text, etag)
  if (modified === null) return false
  const since = parseHttpDate(c.req.header('if-modified-since') ?? '', arrivedAt)
  return since !== null && modified.ms <= since
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
  const { searchParams } = new URL(c.req.url)
  searchParams.set('cursor', next)
  c.set('link', `<${c.req.path}?${searchParams}>; rel="next"`)
}

/** No record has this version. */
const NO_VERSION = 0

/**
 * The version in `If-Match`; `null` without the header or with `*`. A tag that we never gave is a
 * version that no record has; `undefined` is what is no single ETag at all.
 */
export function ifMatchVersion(header: string | undefined): number | null | undefined {
  if (header === undefined || header.trim() === '*') return null
  const isOneTag = /^(W\/)?"[^",]*"$/.test(header.trim())
  return isOneTag ? (parseEtag(header)?.seq ?? NO_VERSION) : undefined
}
