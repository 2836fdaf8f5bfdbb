import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../local/user-error.ts'
import { firstLine } from './account.ts'
import type { Wrangler } from './wrangler-cli.ts'

const outcome = z.looseObject({
  type: z.literal('deploy'),
  targets: z.array(z.string()).nullish(),
  bundle_size: z.object({ raw_bytes: z.number(), gzip_bytes: z.number() }).nullish(),
})

export type Uploaded = {
  /** URLs where the worker is reached, workers.dev or its own domains; patterns of routes too. */
  readonly targets: readonly string[]
  readonly bundle: { readonly bytes: number; readonly gzipBytes: number } | null
}

export type UploadOptions = {
  /** Set in the same version of the Worker as the code; those that are not named stay. */
  readonly secrets: Readonly<Record<string, string>>
  /** Bundles, and sends nothing. */
  readonly isDry: boolean
  /** Whether a person is there to see and answer. */
  readonly isInteractive: boolean
}

/** Bundles the worker and uploads it with its secrets. Rejects with a UserError. */
export async function upload(wrangler: Wrangler, options: UploadOptions): Promise<Uploaded> {
  const { secrets, isDry, isInteractive } = options
  const folder = await mkdtemp(join(tmpdir(), 'tendril-deploy-'))
  try {
    const file = join(folder, 'secrets.json')
    // A file that only we can read, for the arguments of a process are no secret.
    await writeFile(file, JSON.stringify(secrets), { mode: 0o600 })
    const output = join(folder, 'output.ndjson')
    const args = [
      'deploy',
      ...(Object.keys(secrets).length > 0 ? ['--secrets-file', file] : []),
      ...(isDry ? ['--dry-run', '--outdir', join(folder, 'bundle')] : []),
    ]
    const run = await wrangler(args, {
      env: { WRANGLER_OUTPUT_FILE_PATH: output },
      isShown: isInteractive && !isDry,
    })
    if (run.code !== 0) {
      const what = isDry ? 'The worker does not bundle' : 'The worker was not uploaded'
      throw new UserError(`${what}: ${hide(firstLine(run), secrets)}`)
    }
    return parseOutput(await readFile(output, 'utf8'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function parseOutput(text: string): Uploaded {
  const lines = text.split('\n').filter((line) => line !== '')
  const found = lines.flatMap((line) => outcome.safeParse(JSON.parse(line)).data ?? []).at(-1)
  const size = found?.bundle_size
  return {
    targets: found?.targets ?? [],
    bundle: size ? { bytes: size.raw_bytes, gzipBytes: size.gzip_bytes } : null,
  }
}

/** What wrangler or the platform may quote. */
function hide(text: string, secrets: Readonly<Record<string, string>>): string {
  return Object.values(secrets).reduce((shown, secret) => shown.replaceAll(secret, '…'), text)
}
