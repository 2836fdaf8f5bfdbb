import { spawn } from 'node:child_process'
import { ROOT, WRANGLER, wranglerEnv } from '../local/wrangler.ts'

export type WranglerRun = {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export type WranglerOptions = {
  /** Beside those of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** Whether a person may see what it says and answer what it asks; then nothing is returned. */
  readonly isShown?: boolean
}

/** Runs wrangler with these arguments, which every user of the machine can read: no secrets. */
export type Wrangler = (args: readonly string[], options?: WranglerOptions) => Promise<WranglerRun>

export const runWrangler: Wrangler = (args, { env = {}, isShown = false } = {}) => {
  const child = spawn(process.execPath, [WRANGLER, ...args], {
    cwd: ROOT,
    env: { ...wranglerEnv(), ...env },
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.on('data', (chunk: Buffer) => {
      said[name] += chunk.toString()
    })
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code: code ?? 1, ...said }))
  })
}
