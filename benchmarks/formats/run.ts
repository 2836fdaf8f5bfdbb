import { spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import { FORMATS, generatedFile } from './generated-rows.ts'

const HELP = `Imports a generated file into a new graph of a running server, with little memory.

  npm run bench:formats -- --key <key> [options]

  --rows <n>        default 1000000
  --format <name>   ndjson (default), csv, graphml or stix
  --heap-mb <n>     heap of the import                       default 128
  --url <url>       default http://127.0.0.1:8787`

const POLL_MS = 100

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rows: { type: 'string', default: '1000000' },
      format: { type: 'string', default: 'ndjson' },
      'heap-mb': { type: 'string', default: '128' },
      url: { type: 'string', default: 'http://127.0.0.1:8787' },
      key: { type: 'string', default: process.env.TENDRIL_API_KEY ?? '' },
      help: { type: 'boolean', default: false },
    },
  })
  const format = FORMATS.find((each) => each === values.format)
  if (values.help || !format) return console.log(HELP)
  const folder = await mkdtemp(join(tmpdir(), 'tendril-bench-'))
  try {
    const rows = Number(values.rows)
    const file = join(folder, `rows.${format}`)
    await pipeline(Readable.from(generatedFile(format, rows)), createWriteStream(file))
    const graph = await newGraph(values.url, values.key)
    const args = [file, '--url', values.url, '--key', values.key, '--graph', graph, '--yes']
    const { seconds, peakBytes } = await runImport(args, values['heap-mb'], folder)
    const megabytes = (bytes: number) => Math.round(bytes / 1024 / 1024)
    console.log(
      `${format}: ${rows} rows (${megabytes((await stat(file)).size)} MB) in ${seconds.toFixed(0)} s, ` +
        `${Math.round(rows / seconds)} rows/s, peak memory ${megabytes(peakBytes)} MB ` +
        `with a heap of at most ${values['heap-mb']} MB`,
    )
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function newGraph(url: string, key: string): Promise<string> {
  const name = `bench-${Date.now()}`
  const response = await fetch(`${url}/api/v1/graphs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name }),
  })
  if (!response.ok) throw new Error(`no graph: ${await response.text()}`)
  return name
}

async function runImport(args: readonly string[], heapMb: string, cwd: string) {
  const script = join(import.meta.dirname, '..', '..', 'scripts', 'import.ts')
  const startedMs = performance.now()
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, script, ...args], {
    cwd,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  let peakBytes = 0
  const poll = setInterval(async () => {
    peakBytes = Math.max(peakBytes, await peakOf(child.pid ?? 0))
  }, POLL_MS)
  const code = await new Promise((resolve) => child.once('close', resolve))
  clearInterval(poll)
  if (code !== 0) throw new Error(`the import ended with ${code}`)
  return { seconds: (performance.now() - startedMs) / 1_000, peakBytes }
}

/** The most memory the process has had at once; 0 where the system does not tell. */
async function peakOf(pid: number): Promise<number> {
  try {
    const status = await readFile(`/proc/${pid}/status`, 'utf8')
    return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
  } catch {
    // The process has just ended, or this is no Linux.
    return 0
  }
}

await main()
