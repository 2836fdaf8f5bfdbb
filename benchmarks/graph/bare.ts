import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { ROOT, WRANGLER, wranglerEnv } from '../../scripts/local/wrangler.ts'

const COMPATIBILITY_DATE = '2026-10-01'

export type Bare = { readonly url: string; readonly stop: () => Promise<void> }

/** The bare worker, in a runtime of its own, on a socket like the real one's. `folder` is for its build. */
export async function startBare(folder: string): Promise<Bare> {
  const outDir = join(folder, 'bare')
  const config = join(ROOT, 'benchmarks', 'graph', 'wrangler.toml')
  const args = [WRANGLER, 'deploy', '--dry-run', '--minify', '--config', config, '--outdir', outDir]
  execFileSync(process.execPath, args, { cwd: ROOT, env: wranglerEnv(), stdio: 'pipe' })
  const entry = readdirSync(outDir).find((file) => file.endsWith('.js')) ?? ''
  const path = join(outDir, entry)
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      ...{ cf: false, logRequests: false, telemetry: { enabled: false } },
      workers: [
        {
          name: 'bare',
          modules: [{ type: 'ESModule', path, contents: readFileSync(path, 'utf8') }],
          modulesRoot: outDir,
          compatibilityDate: COMPATIBILITY_DATE,
          unsafeDirectSockets: [{ host: '127.0.0.1', port: 0 }],
        },
      ],
    } as never),
  )
  await miniflare.ready
  const url = await miniflare.unsafeGetDirectURL('bare')
  return { url: url.origin, stop: () => miniflare.dispose() }
}
