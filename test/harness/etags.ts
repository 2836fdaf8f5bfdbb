import { parseBookmarks } from '../../core/log/bookmark.ts'
import { encodeEtag } from '../../core/log/etag.ts'

/** The ETag of a version in the history of the graph that an answer speaks of. */
export function etagOf(version: number, { headers }: { readonly headers: Headers }): string {
  return encodeEtag(version, historyOf({ headers }))
}

/** Id of the history of the graph that an answer speaks of. */
export function historyOf({ headers }: { readonly headers: Headers }): string {
  const bookmarks = parseBookmarks(headers.get('tendril-bookmark') ?? '')
  const [seen] = typeof bookmarks === 'string' ? [] : bookmarks
  if (!seen) throw new Error('the answer has no bookmark')
  return seen.historyId
}
