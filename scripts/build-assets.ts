import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
const TARGET = join(ROOT, 'dist', 'assets')
const SCALAR = 'node_modules/@scalar/api-reference/dist/browser/standalone.js'

/** What is served, by its path there, and where it comes from. */
const FILES = {
  _headers: 'scripts/assets/_headers',
  'reference/index.html': 'scripts/assets/index.html',
  'reference/start.js': 'scripts/assets/start.js',
  // The bundle for script tags; the ES module beside it would load 300 more files.
  'reference/scalar.js': SCALAR,
}

for (const [path, source] of Object.entries(FILES)) put(path, readFileSync(join(ROOT, source)))

/** Writes only what changed: `wrangler dev` reloads when a file is touched. */
function put(path: string, content: Buffer): void {
  const target = join(TARGET, path)
  if (existing(target)?.equals(content)) return
  mkdirSync(dirname(target), { recursive: true })
  writeFileSync(target, content)
}

function existing(path: string): Buffer | undefined {
  try {
    return readFileSync(path)
  } catch {
    // The first build.
    return undefined
  }
}
