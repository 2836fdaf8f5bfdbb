import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { bundleWorker } from '../scripts/local/bundle.ts'

/** A larger worker starts slower in every isolate. */
const MAX_GZIP_BYTES = 400 * 1024

it('the worker has at most 400 KiB gzipped', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tendril-bundle-'))
  try {
    const modules = await bundleWorker(folder)
    const sizes = modules.map(({ contents }) => gzipSync(contents).byteLength)
    const total = sizes.reduce((sum, size) => sum + size, 0)
    expect(total).toBeGreaterThan(100 * 1024)
    expect(total).toBeLessThanOrEqual(MAX_GZIP_BYTES)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
