import { TopologyAssembly } from '../../../core/graph/assembly.ts'
import type { Sizes } from '../../../core/graph/layout.ts'
import {
  type EntityPart,
  type RelationshipPart,
  readEntityPart,
  readRelationshipPart,
} from '../../../core/graph/parts.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import type { JobFiles } from '../../files/job-files.ts'
import { weightName } from '../../operations/topology/build.ts'
import type { JobRun } from '../kind.ts'
import { type Gathered, rowsIn } from './gathered.ts'

/** Begins the names of files that a job on a graph needs only until it ends. */
export const WORK_FILES = 'work-'

const TOPOLOGY = 'topology'

/** The graph that was gathered, made of its files anew by every run. */
export async function gatheredTopology(run: JobRun, known: Gathered): Promise<Topology> {
  const { memory, files } = run
  const held = memory.get(TOPOLOGY)
  if (held !== undefined) return held as Topology
  const { at, entityParts, relationshipParts, entityTypes, relationshipTypes, weightKeys } = known
  const counts = {
    nodes: rowsIn(entityParts),
    edges: rowsIn(relationshipParts),
    weightBits: weightKeys === null ? 0 : 64,
  } as const
  makeRoom(run, counts)
  const assembly = new TopologyAssembly(counts, at.seq, {
    ...{ history: at.historyId, entityTypes, relationshipTypes },
    weightProperty: weightKeys && weightName(weightKeys),
  })
  for (const { name } of entityParts) {
    assembly.addEntities(readEntityPart(await readBytes(files, name)))
  }
  for await (const part of relationships(files, known)) assembly.count(part)
  for await (const part of relationships(files, known)) assembly.place(part)
  const topology = assembly.finish()
  memory.set(TOPOLOGY, topology)
  return topology
}

/** What this isolate holds of other graphs leaves, as far as it stands in the way. */
function makeRoom(
  { context }: JobRun,
  { nodes, edges, weightBits }: Pick<Sizes, 'nodes' | 'edges' | 'weightBits'>,
): void {
  const { held } = context.services.topologies.shelf
  held.makeRoom(nodes * 60 + edges * (20 + weightBits / 8))
}

export function entityPartsOf(files: JobFiles, { entityParts }: Gathered): Promise<EntityPart[]> {
  return Promise.all(
    entityParts.map(async ({ name }) => readEntityPart(await readBytes(files, name))),
  )
}

async function* relationships(
  files: JobFiles,
  { relationshipParts, weightKeys }: Gathered,
): AsyncGenerator<RelationshipPart> {
  for (const { name } of relationshipParts) {
    yield readRelationshipPart(await readBytes(files, name), weightKeys !== null)
  }
}

export async function readBytes(files: JobFiles, name: string): Promise<ArrayBuffer> {
  return new Response(await files.read(name)).arrayBuffer()
}
