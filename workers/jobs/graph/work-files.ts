import { TopologyAssembly } from '../../../core/graph/assembly.ts'
import {
  bytesPerRelationship,
  ENTITY_BYTES,
  type EntityPart,
  NodeNumbers,
  type RelationshipPart,
  readEntityPart,
  readRelationshipPart,
} from '../../../core/graph/parts.ts'
import type { Topology } from '../../../core/graph/topology.ts'
import type { JobFiles } from '../../files/job-files.ts'
import { readInto } from '../../files/read-into.ts'
import { weightName } from '../../operations/topology/build.ts'
import type { JobRun } from '../kind.ts'
import { type Gathered, rowsIn } from './gathered.ts'

/** Begins the names of files that a job on a graph needs only until it ends. */
export const WORK_FILES = 'work-'

const TOPOLOGY = 'topology'

/** The graph that was gathered, made of its files anew by every run. */
export async function gatheredTopology(run: JobRun, known: Gathered): Promise<Topology> {
  const { memory, files, context } = run
  const held = memory.get(TOPOLOGY)
  if (held !== undefined) return held as Topology
  const { nodes, edges, weightBits } = sizesOf(known)
  // What this isolate holds of other graphs leaves, as far as it stands in the way.
  context.services.topologies.shelf.held.makeRoom(nodes * 60 + edges * (20 + weightBits / 8))
  const topology = await assembledTopology(files, known)
  memory.set(TOPOLOGY, topology)
  return topology
}

type Files = Pick<JobFiles, 'read'>

/** Holds the topology and one file at a time. */
export async function assembledTopology(files: Files, known: Gathered): Promise<Topology> {
  const { at, entityTypes, relationshipTypes, weightKeys } = known
  const assembly = new TopologyAssembly(sizesOf(known), at.seq, {
    history: at.historyId,
    weightProperty: weightKeys && weightName(weightKeys),
    ...{ entityTypes, relationshipTypes },
  })
  for await (const part of entities(files, known)) assembly.addEntities(part)
  for await (const part of relationships(files, known)) assembly.count(part)
  for await (const part of relationships(files, known)) assembly.place(part)
  return assembly.finish()
}

function sizesOf({ entityParts, relationshipParts, weightKeys }: Gathered) {
  return {
    nodes: rowsIn(entityParts),
    edges: rowsIn(relationshipParts),
    weightBits: weightKeys === null ? 0 : 64,
  } as const
}

/** Numbers of the entities that were gathered, while their relationships are. */
export async function nodeNumbers(files: Files, known: Gathered): Promise<NodeNumbers> {
  const words = new Uint32Array(rowsIn(known.entityParts) * 4)
  let at = 0
  for await (const part of entities(files, known)) {
    words.set(part.words, at)
    at += part.words.length
  }
  return new NodeNumbers(words)
}

/** Each is good until the next one. */
async function* entities(files: Files, { entityParts }: Gathered): AsyncGenerator<EntityPart> {
  for await (const bytes of contents(files, entityParts, ENTITY_BYTES)) yield readEntityPart(bytes)
}

/** Each is good until the next one. */
async function* relationships(
  files: Files,
  { relationshipParts, weightKeys }: Gathered,
): AsyncGenerator<RelationshipPart> {
  const isWeighted = weightKeys !== null
  const bytesPerRow = bytesPerRelationship(isWeighted)
  for await (const bytes of contents(files, relationshipParts, bytesPerRow)) {
    yield readRelationshipPart(bytes, isWeighted)
  }
}

/** One after the other in the same memory: files come faster than what they leave behind is collected. */
async function* contents(
  files: Files,
  parts: Gathered['entityParts'],
  bytesPerRow: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let buffer = new ArrayBuffer(Math.max(0, ...parts.map(({ rows }) => rows)) * bytesPerRow)
  for (const { name, rows } of parts) {
    const bytes = rows * bytesPerRow
    buffer = await readInto(await files.read(name), buffer, bytes)
    yield new Uint8Array(buffer, 0, bytes)
  }
}

export async function readBytes(files: Files, name: string): Promise<ArrayBuffer> {
  return new Response(await files.read(name)).arrayBuffer()
}
