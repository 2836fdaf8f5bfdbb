import { read } from '../../core/cache/read.ts'
import { unchanged } from '../../core/cache/unchanged.ts'
import type { TenantAddress } from '../../core/log/address.ts'
import type { ReadAt } from '../../db/queries/entities.ts'
import type { TenantContext } from '../context.ts'
import type { Answer, NotModified } from './records.ts'

/** A list that is answered as one page. */
export type WholeList<T> = { readonly items: readonly T[]; readonly next: null }

export async function whole<T>(list: Promise<ReadAt<readonly T[]>>): Promise<ReadAt<WholeList<T>>> {
  const { value: items, ...at } = await list
  return { value: { items, next: null }, ...at }
}

/** A value of the catalog that the tenant's own log tells changes of. */
export type TenantRead<T> = {
  /** Unique in the tenant's log. */
  readonly name: string
  readonly tags: readonly string[]
  readonly load: () => Promise<ReadAt<T>>
}

/** Reads at the consistency that the request asks for, through the cache, as `readValue` does a graph. */
export async function readTenantValue<T>(
  { services, principal, consistency, bookmarks, arrivedAt, ifNoneMatch }: TenantContext,
  { name, tags, load }: TenantRead<T>,
): Promise<Answer<T> | NotModified> {
  const { tenantId } = principal
  const log: TenantAddress = { kind: 'tenant', tenantId }
  const reader = services.reader(log)
  const bookmark = bookmarks.find(({ logId }) => logId === tenantId) ?? null
  const freshness = { consistency, bookmark, arrivedAt }
  const told = (seq: number, historyId: string) => ({ tenantId, logId: tenantId, historyId, seq })
  if (ifNoneMatch !== null && ifNoneMatch.etags.length > 0) {
    const holding = { etags: ifNoneMatch.etags, tags, isVersion: false }
    // What is wrong, or away, the read itself runs into, and may know a way round.
    const same = await unchanged(reader, freshness, holding).catch(() => null)
    if (same) {
      const { etag, seen, historyId } = same
      const info = { ...same, spent: reader.spent }
      return { etag, bookmark: told(seen, historyId), replayed: false, read: info }
    }
  }
  const { values, seen, historyId, ...info } = await read<T>(reader, {
    ...{ kind: 'list', names: [`tenant:${name}`], ...freshness },
    load: async () => {
      const { value, ...at } = await load()
      return { ...at, values: [{ value, tags, bytes: JSON.stringify(value).length * 3 }] }
    },
  })
  return {
    value: values[0] as T,
    bookmark: told(seen, historyId),
    replayed: false,
    read: { ...info, spent: reader.spent },
  }
}
