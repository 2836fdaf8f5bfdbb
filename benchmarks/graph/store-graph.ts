import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type pg from 'pg'
import { from as copyFrom } from 'pg-copy-streams'
import type { GraphAddress } from '../../core/log/address.ts'
import { type NumberedGraph, nodeId } from './power-law.ts'

const ROWS_PER_CHUNK = 10_000
const AT = '2026-01-01T00:00:00Z'

/** Loads a graph by COPY as the owner, past the log, and takes statistics as autovacuum would. */
export async function storeGraph(
  owner: pg.Client,
  { tenantId, graphId }: GraphAddress,
  { nodes, from, to }: NumberedGraph,
): Promise<void> {
  const place = `${tenantId}\t${graphId}`
  await copy(
    owner,
    'entities (tenant_id, graph_id, id, type, name_key, properties, version, created_at, updated_at)',
    nodes,
    (n) => `${place}\t${nodeId(n)}\tthing\t\t{}\t${n + 1}\t${AT}\t${AT}\n`,
  )
  await copy(
    owner,
    `relationships (tenant_id, graph_id, id, type, from_id, to_id, properties, version, created_seq,
      created_at, updated_at)`,
    from.length,
    (i) => {
      const seq = nodes + i + 1
      const ends = `${nodeId(from[i] ?? 0)}\t${nodeId(to[i] ?? 0)}`
      const properties = `{"cost": ${1 + (i % 97)}}`
      const id = nodeId(nodes + i)
      return `${place}\t${id}\tlink\t${ends}\t${properties}\t${seq}\t${seq}\t${AT}\t${AT}\n`
    },
  )
  await owner.query('update graphs set seq = $2 where id = $1', [graphId, nodes + from.length])
  await owner.query('vacuum (analyze) entities, relationships')
}

async function copy(
  owner: pg.Client,
  into: string,
  rows: number,
  row: (i: number) => string,
): Promise<void> {
  function* chunks() {
    for (let start = 0; start < rows; start += ROWS_PER_CHUNK) {
      let text = ''
      for (let i = start; i < Math.min(start + ROWS_PER_CHUNK, rows); i += 1) text += row(i)
      yield text
    }
  }
  await pipeline(Readable.from(chunks()), owner.query(copyFrom(`copy ${into} from stdin`)))
}
