import { spawn } from 'node:child_process'
import { readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from './user-error.ts'
import { ROOT, WRANGLER, wranglerEnv } from './wrangler.ts'

export type Module = {
  readonly type: 'ESModule' | 'CompiledWasm'
  readonly path: string
  readonly contents: string | Uint8Array<ArrayBuffer>
}

/** The worker as it would be deployed; the entry module comes first. */
export type Bundle = readonly Module[]

const ENTRY = 'index.js'
const OTHERS = /\.(m?js|wasm)$/

/**
 * Builds the worker of wrangler.toml with wrangler, so what runs here is what is deployed, and
 * leaves it in a new folder below `folder`, which holds nothing else. `more` arguments go to wrangler.
 * Rejects with a UserError that carries the compiler's complaints.
 */
export async function bundleWorker(folder: string, more: readonly string[] = []): Promise<Bundle> {
  await rm(folder, { recursive: true, force: true })
  // The wrangler of a start that was killed goes on writing; it must not write into our files.
  const outDir = join(folder, String(process.pid))
  const args = [WRANGLER, 'deploy', '--dry-run', '--outdir', outDir, ...more]
  const { code, output } = await run(args)
  if (code !== 0) throw new UserError(`The worker does not compile:\n\n${output.trim()}`)
  const files = (await readdir(outDir)).filter((file) => OTHERS.test(file) && file !== ENTRY)
  return Promise.all([ENTRY, ...files].map((file) => readModule(outDir, file)))
}

async function readModule(folder: string, file: string): Promise<Module> {
  const path = join(folder, file)
  return file.endsWith('.wasm')
    ? { type: 'CompiledWasm', path, contents: new Uint8Array(await readFile(path)) }
    : { type: 'ESModule', path, contents: await readFile(path, 'utf8') }
}

function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: wranglerEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}
