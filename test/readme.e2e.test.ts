import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { loadSample } from '../scripts/sample.ts'
import { newTenant } from './harness/api.ts'
import { ownStack } from './harness/own-stack.ts'

const ROOT = join(import.meta.dirname, '..')

/** The tour's commands as they stand in the README, but for the key and the address. */
function tour(key: string, baseUrl: string, folder: string): string {
  const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
  const section = readme.split('## A five-minute tour')[1]?.split('\n## ')[0] ?? ''
  const blocks = [...section.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block = '']) => block)
  return blocks
    .join('\necho\n')
    .replace('tendril_live_…', key)
    .replace('http://127.0.0.1:8787', baseUrl)
    .replaceAll('graph.ndjson', join(folder, 'graph.ndjson'))
    .replace('npm run import --', `npm run --silent import -- --url ${baseUrl}`)
}

it('the tour of the README works word for word', async () => {
  const tenant = await newTenant()
  const { key } = await tenant.apiKey('admin')
  const baseUrl = ownStack().baseUrl
  await loadSample(baseUrl, key, () => {})
  const folder = mkdtempSync(join(tmpdir(), 'tendril-tour-'))
  try {
    const script = `set -euo pipefail\n${tour(key, baseUrl, folder)}`
    const { status, stdout, stderr } = spawnSync('bash', ['-c', script], {
      cwd: ROOT,
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
    expect(status).toBe(0)
    const problems = [...stdout.matchAll(/"code":"(\w+)"/g)].map(([, code]) => code)
    // The tour shows two refusals, and no others.
    expect(problems).toEqual(['version_mismatch', 'invalid'])
    expect(stdout).toContain('"external_id":"SFO-LAX"')
    expect(stdout).toContain('"runways":4')
    expect(stdout).toMatch(/8744 rows: 8744 created, 0 updated, 0 unchanged, 0 refused/)
  } finally {
    rmSync(folder, { recursive: true })
  }
})
