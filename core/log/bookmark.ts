/** "I have seen this log at this seq." Opaque to clients. */
export type Bookmark = {
  readonly tenantId: string
  /** Id of the graph; of the tenant for its own log. */
  readonly logId: string
  readonly historyId: string
  readonly seq: number
}

const VERSION = 'b1'
const FORM = /^b1\.([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9a-f]{32})\.([0-9a-z]{1,11})$/

/** Logs that one header may name. */
export const MAX_BOOKMARKS = 64

/** Text of a bookmark: versioned, URL-safe. */
export function encodeBookmark({ tenantId, logId, historyId, seq }: Bookmark): string {
  return `${VERSION}.${compact(tenantId)}.${compact(logId)}.${compact(historyId)}.${seq.toString(36)}`
}

/**
 * Bookmarks of one header, separated by commas: what several answers gave, joined. Of two of one
 * log the later counts. A string is what is wrong.
 */
export function parseBookmarks(header: string): Bookmark[] | string {
  const texts = header.split(',').map((text) => text.trim())
  if (texts.length > MAX_BOOKMARKS) return `may name at most ${MAX_BOOKMARKS} graphs`
  let merged: Bookmark[] = []
  for (const text of texts) {
    const [, tenant, log, history, seq] = FORM.exec(text) ?? []
    const position = Number.parseInt(seq ?? '', 36)
    if (!tenant || !log || !history || !Number.isSafeInteger(position)) {
      return 'is not a bookmark that an answer gave'
    }
    const [tenantId, logId, historyId] = [uuid(tenant), uuid(log), uuid(history)]
    merged = mergeBookmark(merged, { tenantId, logId, historyId, seq: position })
  }
  return merged
}

/** `bookmarks` with `seen` in it; what was seen of another history of its log is replaced. */
export function mergeBookmark(bookmarks: readonly Bookmark[], seen: Bookmark): Bookmark[] {
  const former = bookmarks.find(({ logId }) => logId === seen.logId)
  const others = bookmarks.filter((each) => each !== former)
  const isLater = former?.historyId === seen.historyId && former.seq > seen.seq
  return [...others, isLater ? former : seen]
}

function compact(id: string): string {
  return id.replaceAll('-', '')
}

function uuid(hex: string): string {
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
}
