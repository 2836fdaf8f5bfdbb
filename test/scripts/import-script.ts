import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { afterAll, beforeAll } from 'vitest'
import { newTenant, type Tenant } from '../harness/api.ts'
import { ownStack } from '../harness/own-stack.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'import.ts')
const POLL_MS = 2
const run = promisify(execFile)

export type Ended = { readonly code: number; readonly stdout: string; readonly stderr: string }

/** The import script in a folder of its own, against the running stack. */
export type ImportScript = {
  /** Writes a file and returns its path. */
  readonly write: (name: string, contents: string | Uint8Array) => string
  readonly path: (name: string) => string
  readonly run: (...args: string[]) => Promise<Ended>
  /** Kills it as soon as it has noted that many rows as done, with others on their way. */
  readonly killAfter: (rows: number, ...args: string[]) => Promise<void>
  readonly newGraph: () => Promise<string>
  readonly exported: (graph: string) => Promise<string>
  readonly headOf: (graph: string) => Promise<number>
}

/** Call it outside of tests: it sets up before all of a file's tests and cleans up after. */
export function importScript(): ImportScript {
  let folder = ''
  let tenant: Tenant
  let key = ''
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tendril-import-'))
    tenant = await newTenant()
    key = (await tenant.apiKey('writer')).key
  })
  afterAll(() => rmSync(folder, { recursive: true }))
  const path = (name: string) => join(folder, name)
  const argumentsOf = (args: readonly string[]) => [
    ...[SCRIPT, ...args, '--url', ownStack().baseUrl, '--key', key],
  ]
  return {
    path,
    write(name, contents) {
      writeFileSync(path(name), contents)
      return path(name)
    },
    async run(...args) {
      try {
        const options = { cwd: folder, maxBuffer: 1e8 }
        return { code: 0, ...(await run(process.execPath, argumentsOf(args), options)) }
      } catch (error) {
        return error as Ended
      }
    },
    async killAfter(rows, ...args) {
      const child = spawn(process.execPath, argumentsOf(args), { cwd: folder, stdio: 'ignore' })
      let hasEnded = false
      const ended = new Promise((resolve) => child.once('close', resolve))
      const watching = ended.then(() => {
        hasEnded = true
      })
      while (!hasEnded && rowsDone(join(folder, '.tendril', 'imports')) < rows) await delay(POLL_MS)
      child.kill('SIGKILL')
      await watching
    },
    async newGraph() {
      const name = `g${crypto.randomUUID().slice(0, 8)}`
      await tenant.request('POST', '/graphs', { body: { name } })
      return name
    },
    async exported(graph) {
      const { text } = await tenant.request<string>('GET', `/graphs/${graph}/export`)
      return text
    },
    async headOf(graph) {
      const path = `/graphs/${graph}/changes?limit=1`
      return (await tenant.request<{ head: number }>('GET', path)).body.head
    },
  }
}

/** Of the only import that is under way in a folder; -1: it has not begun. */
function rowsDone(folder: string): number {
  try {
    const [file] = readdirSync(folder).filter((name) => name.endsWith('.json'))
    return file ? JSON.parse(readFileSync(join(folder, file), 'utf8')).counts.rows : -1
  } catch {
    // No folder yet, or the file has just been replaced.
    return -1
  }
}
