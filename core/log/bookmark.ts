/** "I have seen this graph at this seq." Opaque to clients. */
export type Bookmark = {
  readonly logId: string
  readonly historyId: string
  readonly seq: number
}

const VERSION = 'b1'

/** Text of a bookmark: versioned, URL-safe. */
export function encodeBookmark(bookmark: Bookmark): string {
  return `${VERSION}.${compact(bookmark.logId)}.${compact(bookmark.historyId)}.${bookmark.seq.toString(36)}`
}

function compact(uuid: string): string {
  return uuid.replaceAll('-', '')
}
