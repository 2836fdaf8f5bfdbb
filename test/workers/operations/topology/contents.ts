import type pg from 'pg'
import { Adjacency } from '../../../../core/graph/adjacency.ts'
import type { GraphView } from '../../../../core/graph/graph-view.ts'
import type { GraphAddress } from '../../../../core/log/address.ts'

/** What a topology says, in lines that can be compared. */
export function linesOf(view: GraphView): string[] {
  const lines: string[] = []
  const adjacency = new Adjacency(view, null)
  for (let node = 0; node < view.nodeNumbers; node += 1) {
    const id = view.idOf(node)
    if (view.find(id) !== node) continue
    lines.push(`entity ${id} ${view.typeOf(node)}`)
    adjacency.openOut(node)
    const { targets, start, end } = adjacency
    for (let i = start; i < end; i += 1) {
      const edge = adjacency.edgeAt(i)
      const weight = view.base.weights ? String(view.weightOf(edge)) : '-'
      const to = view.idOf(targets[i] ?? 0)
      lines.push(`relationship ${view.seqOf(edge)} ${view.edgeTypeOf(edge)} ${id} ${to} ${weight}`)
    }
  }
  return lines.sort()
}

/** The same as the tables say it. `weightKey`: the property that edges are weighed by. */
export async function linesOfTables(
  owner: pg.Client,
  { tenantId, graphId }: GraphAddress,
  weightKey: string | null,
): Promise<string[]> {
  const { rows: entities } = await owner.query<{ id: string; type: string }>(
    'select id, type from entities where tenant_id = $1 and graph_id = $2',
    [tenantId, graphId],
  )
  const { rows: relationships } = await owner.query<Record<string, string | number | null>>(
    `select created_seq, type, from_id, to_id, properties -> $3 as weight from relationships
      where tenant_id = $1 and graph_id = $2`,
    [tenantId, graphId, weightKey ?? ''],
  )
  const lines = relationships.map(({ created_seq, type, from_id, to_id, weight }) => {
    const isPassable = typeof weight === 'number' && weight >= 0
    const shown = weightKey === null ? '-' : String(isPassable ? weight : Number.NaN)
    return `relationship ${created_seq} ${type} ${from_id} ${to_id} ${shown}`
  })
  return [...entities.map(({ id, type }) => `entity ${id} ${type}`), ...lines].sort()
}
