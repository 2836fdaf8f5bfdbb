import type { JsonObject } from '../../../../core/json.ts'
import type { GraphContents } from '../../../contracts/graph-engine/contents.ts'
import type { Change, Changes, Tenant } from '../../../harness/api.ts'

/** The whole log of the graph. */
export async function allChanges(tenant: Tenant, graph: string): Promise<Change[]> {
  const all: Change[] = []
  for (;;) {
    const after = all.at(-1)?.seq ?? 0
    const path = `/graphs/${graph}/changes?after=${after}&limit=1000`
    const { body } = await tenant.request<Changes>('GET', path)
    if (body.items.length === 0) return all
    all.push(...body.items)
  }
}

/** The graph as the log says it was at `seq`; edges are weighed by the property `w`. */
export function contentsAt(changes: readonly Change[], seq: number): GraphContents {
  const entities = new Map<string, GraphContents['entities'][number]>()
  const edges = new Map<string, GraphContents['edges'][number]>()
  for (const { kind, id, type, from_id, to_id, after, ...change } of changes) {
    if (change.seq > seq || id === null || type === null) continue
    const properties = (after?.properties ?? {}) as JsonObject & { readonly w?: number }
    const weight = properties.w ?? null
    const edge = edges.get(id)
    if (kind === 'entity.created' || kind === 'entity.updated') {
      entities.set(id, { id, type, properties })
    } else if (kind === 'relationship.created') {
      const ends = { from: String(from_id), to: String(to_id) }
      edges.set(id, { createdSeq: change.seq, type, ...ends, weight })
    } else if (kind === 'relationship.updated' && edge) edges.set(id, { ...edge, weight })
    else if (kind === 'entity.deleted') entities.delete(id)
    else if (kind === 'relationship.deleted') edges.delete(id)
  }
  return { seq, entities: [...entities.values()], edges: [...edges.values()] }
}
