import type { Loaded, LogReader, Wanted } from '../../core/cache/log-reader.ts'
import { PLAIN_GET } from '../../core/cache/lru.ts'
import { prefetch, read, readAtOnce } from '../../core/cache/read.ts'
import type { TenantId } from '../../core/ids.ts'
import { type GraphAddress, logName } from '../../core/log/address.ts'
import { SESSION } from '../../core/log/consistency.ts'
import { type Access, accessByKey, accessByMember } from '../../db/queries/access.ts'
import type { Context } from '../context.ts'
import { isolate, type KnownKey } from '../isolate.ts'
import { hashApiKey, isApiKey } from '../security/api-keys.ts'
import { verifyAccessToken } from '../security/tokens.ts'

/** The request as far as it is known before anybody knows whose it is. */
type Arrived = Pick<Context, 'services' | 'consistency' | 'bookmarks' | 'arrivedAt'>

export type Resolved = { readonly access: Access; readonly graphReader: LogReader | null }

/**
 * Who asks, and the graph that is named, from the cache as far as the tenant's log allows. `null`:
 * the credential is unknown, revoked or expired.
 */
export function resolveAccess(
  arrived: Arrived,
  credential: string,
  graphName: string | null,
): Promise<Resolved | null> {
  const known = isolate.keys.get(credential, PLAIN_GET)
  if (known) return byKnownKey(arrived, known, graphName)
  return isApiKey(credential)
    ? byNewKey(arrived, credential, graphName)
    : byToken(arrived, credential, graphName)
}

/** Whose log would say whether a cached answer still holds, only the catalog knows. */
async function byNewKey(
  arrived: Arrived,
  key: string,
  graphName: string | null,
): Promise<Resolved | null> {
  const hash = await hashApiKey(key)
  const access = await accessByKey(arrived.services.catalog, hash, graphName)
  if (access === null || hasExpired(access, arrived)) return null
  isolate.keys.set(key, { hash, tenantId: access.principal.tenantId })
  return { access, graphReader: null }
}

function byKnownKey(
  arrived: Arrived,
  { hash, tenantId }: KnownKey,
  graphName: string | null,
): Promise<Resolved | null> {
  const load = () => accessByKey(arrived.services.catalog, hash, graphName)
  return cached(arrived, tenantId, { name: `key:${hash}:${graphName ?? ''}`, load })
}

async function byToken(
  arrived: Arrived,
  text: string,
  graphName: string | null,
): Promise<Resolved | null> {
  const { catalog, jwtSecret } = arrived.services
  const token = await verifyAccessToken(jwtSecret, text, arrived.arrivedAt)
  if (!token) return null
  const name = `user:${token.userId}:${graphName ?? ''}`
  const load = () => accessByMember(catalog, token.tenantId, token.userId, graphName)
  return cached(arrived, token.tenantId, { name, load })
}

/** The graph that was meant the last time, and its log. */
type Likely = { readonly graph: GraphAddress; readonly reader: LogReader }

type Lookup = {
  readonly name: string
  readonly load: () => Promise<Access | null>
}

function cached(
  arrived: Arrived,
  tenant: TenantId,
  { name, load }: Lookup,
): Promise<Resolved | null> {
  const { services, arrivedAt } = arrived
  const reader = services.reader({ kind: 'tenant', tenantId: tenant })
  // However old an answer may be, what its caller may do is at most a second old (R9).
  const freshness = { consistency: SESSION, bookmark: null, arrivedAt }
  const wanted: Wanted = { kind: 'access', names: [name], ...freshness }
  const atOnce = readAtOnce<Access>(reader, wanted)
  return atOnce
    ? Promise.resolve(resolved(atOnce.values[0] ?? null, arrived, null))
    : waited(arrived, reader, { wanted, name, load })
}

async function waited(
  arrived: Arrived,
  reader: LogReader,
  { wanted, name, load }: Lookup & { readonly wanted: Wanted },
): Promise<Resolved | null> {
  // Logs that have to be asked are asked in parallel.
  const likely = prefetchGraph(arrived, reader, name)
  const request = { ...wanted, load: () => loadAccess(load) }
  const answer = await read<Access>(reader, request).catch((error) => {
    if (error instanceof Unknown) return null
    throw error
  })
  return resolved(answer?.values[0] ?? null, arrived, likely)
}

async function loadAccess(load: Lookup['load']): Promise<Loaded<Access>> {
  const access = await load()
  // Without a row there is no seq either, and so nothing to keep.
  if (access === null) throw new Unknown()
  const { seq, historyId } = access
  return { seq, historyId, values: [{ value: access, tags: tagsOf(access), bytes: 500 }] }
}

function resolved(access: Access | null, arrived: Arrived, likely: Likely | null): Resolved | null {
  if (!access || hasExpired(access, arrived)) return null
  const { graph } = access
  const isAsGuessed = graph !== null && likely !== null && isSameLog(likely.graph, graph)
  return { access, graphReader: isAsGuessed ? likely.reader : null }
}

function isSameLog(one: GraphAddress, other: GraphAddress): boolean {
  return one === other || logName(one) === logName(other)
}

class Unknown extends Error {}

/**
 * Asks for the graph's watermarks while those of the tenant are on their way, if this isolate has
 * seen the graph before. A guess: what the read finds is what counts.
 */
function prefetchGraph(arrived: Arrived, tenant: LogReader, name: string): Likely | null {
  const { known } = tenant.view
  const likely = known && tenant.cache.peek<Access>(tenant.keyPrefix(known.historyId) + name)
  const graph = likely?.value.graph
  if (!graph) return null
  const reader = arrived.services.reader(graph)
  prefetch(reader, freshnessOf(arrived, graph))
  return { graph, reader }
}

/** How fresh a read of this graph has to be. */
export function freshnessOf(
  { consistency, bookmarks, arrivedAt }: Pick<Arrived, 'consistency' | 'bookmarks' | 'arrivedAt'>,
  { graphId }: GraphAddress,
) {
  const bookmark = bookmarks.find(({ logId }) => logId === graphId) ?? null
  return { consistency, bookmark, arrivedAt }
}

/** The key or member, the tenant, and its graphs: one of that name may come and go. */
function tagsOf({ principal }: Access): string[] {
  const [, subject] = principal.actor.split(':')
  return [`e:${subject}`, `e:${principal.tenantId}`, 't:graph']
}

function hasExpired({ expiresAt }: Access, { arrivedAt }: Arrived): boolean {
  return expiresAt !== null && Date.parse(expiresAt) <= arrivedAt
}
