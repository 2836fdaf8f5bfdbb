/**
 * What an entity tag (RFC 9110, 8.8.3) stands for: a record's version, or the seq that a list was read
 * at, in one history of its log (H1). Opaque to clients.
 */
export type Etag = {
  readonly seq: number
  /** The beginning of the history's id: enough to tell the histories of one log apart. */
  readonly history: string
}

const HISTORY_CHARACTERS = 8
const FORM = /^"(\d{1,15})-([0-9a-f]{8})"$/

/** The tag as it is sent, with its quotes. Strong: what has the same one is the same bytes. */
export function encodeEtag(seq: number, historyId: string): string {
  return `"${seq}-${historyId.slice(0, HISTORY_CHARACTERS)}"`
}

/** A tag as it was sent; a proxy may have weakened it. `null`: we never gave it. */
export function parseEtag(text: string): Etag | null {
  const [, seq, history] = FORM.exec(withoutWeakness(text)) ?? []
  return seq === undefined || history === undefined ? null : { seq: Number(seq), history }
}

/** The tags of `If-None-Match` that we may have given; none for `*`, which is no tag. */
export function parseEtags(header: string): Etag[] {
  return header.split(',').flatMap((text) => parseEtag(text) ?? [])
}

/** Whether `If-None-Match` has this tag; weak comparison (RFC 9110, 13.1.2). */
export function matchesEtag(header: string, etag: string): boolean {
  return header.split(',').some((text) => text.trim() === '*' || withoutWeakness(text) === etag)
}

export function isOfHistory(history: string, historyId: string): boolean {
  return historyId.startsWith(history)
}

function withoutWeakness(text: string): string {
  return text.trim().replace(/^W\//, '')
}
