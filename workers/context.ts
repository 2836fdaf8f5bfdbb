import type { LogReader } from '../core/cache/log-reader.ts'
import type { GraphAddress } from '../core/log/address.ts'
import type { Bookmark } from '../core/log/bookmark.ts'
import { type Consistency, SESSION } from '../core/log/consistency.ts'
import type { Etag } from '../core/log/etag.ts'
import type { Access } from '../db/queries/access.ts'
import type { Services } from './services.ts'

/** What a client says to make a repeated request harmless (C3). */
export type Idempotency = {
  /** What it is that is repeated, such as method and path: the scope of the key. */
  readonly route: string
  /** The `Idempotency-Key` header. */
  readonly key: string
  /** Digest of what the request asks for. */
  readonly fingerprint: string
}

/** The header as it was sent, and the tags in it that we may have given. */
export type IfNoneMatch = { readonly text: string; readonly etags: readonly Etag[] }

/** One request, before anybody knows whose it is. */
export type Context = {
  readonly services: Services
  readonly requestId: string
  /** Whether it is a GET or HEAD. */
  readonly isRead: boolean
  readonly idempotency: Idempotency | null
  /** How fresh reads have to be. */
  readonly consistency: Consistency
  /** What the caller has seen, of any of the tenant's logs. */
  readonly bookmarks: readonly Bookmark[]
  readonly arrivedAt: number
  /** How long it took to learn who asks; 0 when memory knew. */
  readonly accessMs: number
  /** What the caller has already (`If-None-Match`): a read of just that may say so instead. */
  readonly ifNoneMatch: IfNoneMatch | null
  /** Beginning of the id of the history in which a write's `If-Match` was given; `null` without one. */
  readonly seenHistory: string | null
  /** The graph's log, of which the watermarks are being asked for already. */
  readonly graphReader: LogReader | null
  /** What the request's credential gives access to; `null` without one. */
  readonly access: Access | null
}

/** A request of a known principal that has the permission the operation needs. */
export type TenantContext = Omit<Context, 'access'> & Pick<Access, 'principal'>

/** The same on a graph that the principal's tenant has. */
export type GraphContext = TenantContext & { readonly graph: GraphAddress }

/** A request that nobody has sent: work behind an answer, or of a job. */
export function internalContext(
  services: Services,
  { requestId, access }: Pick<Context, 'requestId' | 'access'>,
): Context {
  return {
    ...{ services, requestId, isRead: false, access, idempotency: null },
    ...{ consistency: SESSION, bookmarks: [], arrivedAt: services.now(), accessMs: 0 },
    ...{ ifNoneMatch: null, seenHistory: null, graphReader: null },
  }
}
