import { stat, writeFile } from 'node:fs/promises'
import { zstdCompressSync } from 'node:zlib'
import type { Topology } from '../../core/graph/topology.ts'
import { assembledTopology } from '../../workers/jobs/graph/work-files.ts'
import { builtTopology, generatedEnds, type Size } from './generated-graph.ts'
import { filesIn, writeGraphFiles } from './graph-files.ts'
import { CpuTime, liveBytes, megabytes, Peak } from './measured.ts'

/** Built at once, as readers do with graphs of up to 1.5 million records, and of files, as jobs do. */
export async function buildAndStore(size: Size, folder: string, file: string): Promise<void> {
  const ends = generatedEnds(size)
  const before = await liveBytes()
  const peak = new Peak()
  const cpu = new CpuTime()
  const topology = builtTopology(size, ends)
  peak.look()
  const { nodes, edges } = topology
  const bytes = topology.buffer.byteLength
  console.log(`built at once   ${cpu} of CPU, peak ${megabytes(peak.bytes - before)}`)
  await storeFromFiles(size, ends, folder, topology)
  console.log(`topology        ${megabytes(bytes)}: 26 · ${nodes} + 20 · ${edges} bytes`)
  await writeFile(file, zstdCompressSync(new Uint8Array(topology.buffer)))
  console.log(`compressed      ${megabytes((await stat(file)).size)}`)
}

async function storeFromFiles(
  size: Size,
  ends: ReturnType<typeof generatedEnds>,
  folder: string,
  same: Topology,
): Promise<void> {
  const before = await liveBytes()
  const writing = new Peak()
  const writingCpu = new CpuTime()
  const known = await writeGraphFiles(folder, size, ends, () => writing.look())
  console.log(`written to files ${writingCpu} of CPU, peak ${megabytes(writing.bytes - before)}`)
  const between = await liveBytes()
  const peak = new Peak()
  const cpu = new CpuTime()
  const topology = await assembledTopology(
    filesIn(folder, () => peak.look()),
    known,
  )
  peak.look()
  console.log(`built of files  ${cpu} of CPU, peak ${megabytes(peak.bytes - between)}`)
  if (!Buffer.from(topology.buffer).equals(Buffer.from(same.buffer))) {
    throw new Error('what was built of files is another topology')
  }
}
