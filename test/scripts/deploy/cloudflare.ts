import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Wrangler } from '../../../scripts/deploy/wrangler-cli.ts'
import type { Bundle } from '../../../scripts/local/bundle.ts'
import { type Server, startServer } from '../../../scripts/local/server.ts'

export type AccountState = {
  isLoggedIn: boolean
  accounts: { id: string; name: string }[]
  /** The Worker's secrets; `null`: there is no such Worker. */
  secrets: Record<string, string> | null
  /** Names of queues and buckets that nobody has made. */
  missing: string[]
  /** What the next upload fails with. */
  uploadError: string | null
}

/**
 * An account at Cloudflare as wrangler shows it. What is uploaded is really served: the bundle in
 * workerd, with the secrets that the account has.
 */
export class FakeCloudflare {
  readonly state: AccountState = {
    isLoggedIn: true,
    accounts: [{ id: 'acc', name: 'Ours' }],
    secrets: null,
    missing: [],
    uploadError: null,
  }
  /** Arguments of every call. */
  readonly calls: string[][] = []
  /** Names of the secrets of each upload. */
  readonly uploads: string[][] = []
  readonly #folder: string
  readonly #bundle: Bundle
  readonly #variables: Readonly<Record<string, string>>
  #server: Server | null = null

  /** `variables` are those of the Worker that are no secrets. */
  constructor(folder: string, bundle: Bundle, variables: Readonly<Record<string, string>>) {
    this.#folder = folder
    this.#bundle = bundle
    this.#variables = variables
  }

  readonly wrangler: Wrangler = async (args, { env = {} } = {}) => {
    this.calls.push([...args])
    switch (args[0]) {
      case 'whoami': {
        const { isLoggedIn: loggedIn, accounts } = this.state
        return done(
          `Getting user…\n${JSON.stringify(loggedIn ? { loggedIn, accounts } : { loggedIn })}`,
        )
      }
      case 'secret': {
        const { secrets } = this.state
        if (!secrets)
          return failed('✘ [ERROR] Worker "tendril" not found.\n\nIf this is a new Worker…')
        return done(
          JSON.stringify(Object.keys(secrets).map((name) => ({ name, type: 'secret_text' }))),
        )
      }
      case 'queues':
      case 'r2': {
        const name = args.at(-1) ?? ''
        if (!this.state.missing.includes(name)) return done(name)
        return failed(`✘ [ERROR] ${name} does not exist.`)
      }
      case 'deploy':
        return this.#deploy(args, env.WRANGLER_OUTPUT_FILE_PATH ?? '')
      default:
        return failed(`unknown command ${args.join(' ')}`)
    }
  }

  async #deploy(args: readonly string[], outputPath: string) {
    const at = args.indexOf('--secrets-file')
    const secrets = at < 0 ? {} : await readSecrets(args[at + 1] ?? '')
    if (args.includes('--dry-run')) {
      const size = { raw_bytes: 1_600_000, gzip_bytes: 320_000 }
      await writeFile(outputPath, JSON.stringify({ type: 'deploy', bundle_size: size }))
      return done('--dry-run: exiting now.')
    }
    this.uploads.push(Object.keys(secrets).sort())
    const { uploadError } = this.state
    this.state.uploadError = null
    if (uploadError) return failed(`\u001b[31m✘ [ERROR]\u001b[0m ${uploadError}`)
    this.state.secrets = { ...this.state.secrets, ...secrets }
    await this.stop()
    this.#server = await startServer({
      port: 0,
      bindings: { ...this.#variables, ...this.state.secrets },
      persistDir: join(this.#folder, 'objects'),
      bundle: this.#bundle,
      onLog: () => {},
    })
    const line = {
      type: 'deploy',
      version: 1,
      targets: ['tendril.example (custom domain)', this.#server.url],
    }
    await writeFile(outputPath, `{"type":"wrangler-session"}\n${JSON.stringify(line)}\n`)
    return done('Uploaded')
  }

  async stop(): Promise<void> {
    await this.#server?.stop()
    this.#server = null
  }
}

async function readSecrets(path: string): Promise<Record<string, string>> {
  const { mode } = await stat(path)
  if ((mode & 0o077) !== 0) throw new Error('others can read the secrets')
  return JSON.parse(await readFile(path, 'utf8'))
}

const done = (stdout: string) => ({ code: 0, stdout, stderr: '' })
const failed = (stderr: string) => ({ code: 1, stdout: '', stderr })
