import { open, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Codes } from '../../core/graph/codes.ts'
import { entityPart, relationshipPart } from '../../core/graph/parts.ts'
import type { JobFiles } from '../../workers/files/job-files.ts'
import { GATHER_LIMITS } from '../../workers/jobs/graph/gather.ts'
import type { Gathered } from '../../workers/jobs/graph/gathered.ts'
import { nodeNumbers } from '../../workers/jobs/graph/work-files.ts'
import { HISTORY, idOf, type Size, typesOf } from './generated-graph.ts'

/** As many rows as a job puts into one file. */
const ROWS = GATHER_LIMITS.pageRows * GATHER_LIMITS.maxPages

type Ends = { readonly from: Uint32Array; readonly to: Uint32Array }
type Parts = Gathered['entityParts']

/** Writes a graph into files as the jobs do that read it from PostgreSQL. `onFile` is called after each. */
export async function writeGraphFiles(
  folder: string,
  { nodes, edges }: Size,
  { from, to }: Ends,
  onFile: () => void,
): Promise<Gathered> {
  const [entityCodes, relationshipCodes] = [new Codes(), new Codes()]
  const write = async (kind: string, count: number, part: (start: number) => Uint8Array) => {
    const parts: Parts = []
    for (let start = 0; start < count; start += ROWS) {
      const name = `${kind}-${parts.length}`
      await writeFile(join(folder, name), part(start))
      parts.push({ name, rows: Math.min(ROWS, count - start) })
      onFile()
    }
    return parts
  }
  const entityParts = await write('entities', nodes, (start) =>
    entityPart(
      rowsFrom(start, nodes, (node) => [idOf(node), typesOf(node).entity]),
      entityCodes,
    ),
  )
  const known: Gathered = {
    at: { seq: nodes + edges, historyId: HISTORY },
    ...{ phase: 'done', afterId: '', afterSeq: 0, entityParts, relationshipParts: [] },
    ...{ entityTypes: entityCodes.names, relationshipTypes: [], weightKeys: null },
  }
  const numbers = await nodeNumbers(filesIn(folder), known)
  const relationshipParts = await write('relationships', edges, (start) => {
    const rows = rowsFrom(start, edges, (edge) => {
      const ends = [idOf(from[edge] ?? 0), idOf(to[edge] ?? 0)] as const
      return [nodes + edge + 1, typesOf(edge).relationship, ...ends, null] as const
    })
    return relationshipPart(rows, relationshipCodes, numbers, false)
  })
  return { ...known, relationshipParts, relationshipTypes: relationshipCodes.names }
}

/** `onFile` is called at each file that is read. */
export function filesIn(folder: string, onFile = () => {}): Pick<JobFiles, 'read'> {
  return {
    async read(name) {
      onFile()
      const file = await open(join(folder, name))
      // Node's type of stream, where workerd's is known.
      return file.readableWebStream({ autoClose: true }) as unknown as ReadableStream
    },
  }
}

function rowsFrom<T extends readonly unknown[]>(
  start: number,
  end: number,
  row: (number: number) => readonly [...T],
): (readonly [...T])[] {
  return Array.from({ length: Math.min(ROWS, end - start) }, (_, i) => row(start + i))
}
