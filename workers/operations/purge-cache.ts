import { AppError, notFound } from '../../core/errors.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Bookmark } from '../../core/log/bookmark.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import { graphAddresses } from '../../db/queries/graph-addresses.ts'
import type { TenantContext } from '../context.ts'
import { commitIdentity } from './commit-ids.ts'
import { tenantOperation } from './define.ts'
import { answerError, refusalError } from './refusals.ts'

/** Graphs that are purged at the same time: a request may have six connections. */
const MAX_CONCURRENT = 4

export type Purge = {
  /** `null`: every graph of the tenant. */
  readonly graph: string | null
  /** What the values depend on; `EVERYTHING` for all of the graph. */
  readonly tag: string
}

/** What was purged, and the place in each log from which on reads see to it. */
export type Purged = {
  readonly graphs: readonly string[]
  readonly bookmarks: readonly Bookmark[]
  /** All of it was done by an earlier request with this key. */
  readonly replayed: boolean
}

type PurgedGraph = { readonly bookmark: Bookmark; readonly replayed: boolean }

/**
 * Has cached values read anew, everywhere: an event of the log touches their tags, so that isolates
 * learn of it as they learn of a write, and no key has to be found or deleted.
 */
export const purgeCache = tenantOperation(
  'cache.manage',
  async (context, { graph: name, tag }: Purge): Promise<Purged> => {
    const { services, principal } = context
    const found = await graphAddresses(services.catalog, principal.tenantId)
    const graphs = (found?.graphs ?? []).filter((graph) => name === null || graph.name === name)
    if (name !== null && graphs.length === 0) throw notFound('this graph')
    const purged: PurgedGraph[] = []
    for (let i = 0; i < graphs.length; i += MAX_CONCURRENT) {
      const purging = graphs
        .slice(i, i + MAX_CONCURRENT)
        .map(({ address }) => purgeGraph(context, address, tag))
      purged.push(...(await Promise.all(purging)))
    }
    return {
      graphs: graphs.map((graph) => graph.name),
      bookmarks: purged.map(({ bookmark }) => bookmark),
      replayed: purged.length > 0 && purged.every(({ replayed }) => replayed),
    }
  },
)

/** Appends the event; throws an `AppError` where the log does not take it. */
export async function purgeGraph(
  context: TenantContext,
  graph: GraphAddress,
  tag: string,
): Promise<PurgedGraph> {
  const { services, principal, requestId } = context
  const identity = await commitIdentity(context, `${graph.graphId}|${principal.actor}`)
  const request: GraphRequest = {
    ...identity,
    ...{ actor: principal.actor, requestId, atomic: true, schemaSeq: 0 },
    ...{ entities: [], relationships: [], types: [], purge: [tag] },
  }
  const answer = await services.commit(graph, request)
  if (answer.status === 'refused') throw refusalError(answer.refusals, null, [])
  if (answer.status !== 'committed') throw answerError(answer)
  const { seq, historyId, replayed } = answer
  return { bookmark: { tenantId: graph.tenantId, logId: graph.graphId, historyId, seq }, replayed }
}

const TAGS_OF_KEYS: Readonly<Record<string, (name: string) => string>> = {
  entity: recordTag,
  relationship: recordTag,
  neighbors: (name) => `n:${name}`,
  derived: (name) => `d:${name}`,
}

/** The tag of the value that a key names: `entity:<id>`, `entity:x:<external id>`, `derived:<key>` … */
export function tagOfKey(key: string): string {
  const [, kind = '', name = ''] = /^([a-z]+):(.+)$/s.exec(key) ?? []
  const tag = TAGS_OF_KEYS[kind]?.(name)
  if (tag === undefined) {
    throw new AppError('invalid', 'key: is none', {
      errors: [
        {
          pointer: '/key',
          message: `must be ${Object.keys(TAGS_OF_KEYS).join(', ')}, a colon, and what is unique among them`,
        },
      ],
    })
  }
  return tag
}

function recordTag(name: string): string {
  return name.startsWith('x:') ? name : `e:${name}`
}
