import { isUuid } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { NeighborQuery } from '../../db/queries/entities.ts'
import { type Context, internalContext } from '../context.ts'
import type { Services } from '../services.ts'
import {
  findEntities,
  findNeighbors,
  findRelationships,
  lookUpEntities,
  lookUpRelationships,
  readEntity,
  readRelationship,
} from './records.ts'

/** Values loaded at the same time: a request may have six connections. */
export const MAX_CONCURRENT_WARMS = 4

/**
 * Reads the value that a cache key names, as a request would: tiers that lack it, or have an old
 * one, have it afterwards. A name that no read of today makes, or of what is gone, is passed over.
 */
export async function warmValue(
  services: Services,
  graph: GraphAddress,
  { name, tenantState }: { readonly name: string; readonly tenantState: string },
): Promise<void> {
  const read = readOf(name)
  await read?.(contextOf(services, graph, tenantState))
}

/** How to read what has this name: the kind, a colon, and what the operation calls it. */
function readOf(name: string): ((context: Context) => Promise<unknown>) | null {
  const [, kind = '', rest = ''] = /^([a-z]+):(.+)$/s.exec(name) ?? []
  switch (kind) {
    case 'entity':
    case 'relationship': {
      const [readOne, lookUp] =
        kind === 'entity' ? [readEntity, lookUpEntities] : [readRelationship, lookUpRelationships]
      if (rest.startsWith('x:')) {
        return (context) => lookUp(context, { ids: [], externalIds: [rest.slice(2)] })
      }
      return isUuid(rest) ? (context) => readOne(context, rest) : null
    }
    case 'list': {
      const [, records = '', query = ''] = /^(entities|relationships):(.+)$/s.exec(rest) ?? []
      const parsed = parsedObject(query)
      const find = records === 'entities' ? findEntities : findRelationships
      return parsed && ((context) => find(context, parsed as ListQuery))
    }
    case 'neighbors': {
      const [id, query] = [rest.slice(0, 36), rest.slice(37)]
      const parsed = parsedObject(query)
      return isUuid(id) && parsed
        ? (context) => findNeighbors(context, { ...(parsed as NeighborQuery), id })
        : null
    }
    default:
      return null
  }
}

/** The names are our own; what else stands there is passed over where it makes no query. */
function parsedObject(text: string): object | null {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' && parsed !== null ? parsed : null
  } catch {
    // Of another version, or cut off.
    return null
  }
}

/** On behalf of nobody, who may read what any reader may; not of a tenant that is suspended. */
function contextOf(services: Services, graph: GraphAddress, tenantState: string): Context {
  const { tenantId } = graph
  const access = {
    principal: {
      ...{ tenantId, tenantState, actor: 'system:warming' },
      ...{ role: 'reader' as const, isOperator: false },
    },
    ...{ graph, expiresAt: null, seq: 0, historyId: '' },
  }
  return internalContext(services, { requestId: services.newId(), access })
}

/** Does `work` to each, four at a time, until `untilMs`. A failure is one value that stays cold. */
export async function warmEach<T>(
  items: readonly T[],
  work: (item: T) => Promise<unknown>,
  goesOn: () => boolean = () => true,
): Promise<number> {
  let [next, warmed] = [0, 0]
  async function worker(): Promise<void> {
    for (let item = items[next]; item !== undefined && goesOn(); item = items[next]) {
      next += 1
      try {
        await work(item)
        warmed += 1
      } catch {
        // Deleted, moved, of a suspended tenant, or a part is away: whoever reads it is told.
      }
    }
  }
  await Promise.all(Array.from({ length: MAX_CONCURRENT_WARMS }, worker))
  return warmed
}
