import { execFile, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, inject, it } from 'vitest'
import { newTenant, type Tenant } from '../harness/api.ts'

const SCRIPT = join(import.meta.dirname, '..', '..', 'scripts', 'import.ts')
const ENTITIES = 12_000
const run = promisify(execFile)

let folder: string
let tenant: Tenant
let key: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tendril-import-'))
  tenant = await newTenant()
  key = (await tenant.apiKey('writer')).key
})
afterAll(() => rmSync(folder, { recursive: true }))

function write(name: string, lines: readonly string[] | Buffer): string {
  const path = join(folder, name)
  writeFileSync(path, Array.isArray(lines) ? lines.join('\n') : (lines as Buffer))
  return path
}

function rows(prefix: string): string[] {
  const entity = (i: number) => ({ kind: 'entity', type: 'row', external_id: `${prefix}-${i}` })
  return Array.from({ length: ENTITIES }, (_, i) => JSON.stringify(entity(i)))
}

async function importFile(file: string, ...more: string[]) {
  const args = [SCRIPT, file, '--url', inject('baseUrl'), '--key', key, ...more]
  try {
    const { stdout, stderr } = await run(process.execPath, args, { cwd: folder })
    return { code: 0, stdout, stderr }
  } catch (error) {
    return error as { code: number; stdout: string; stderr: string }
  }
}

it('loads a file larger than one request, names bad lines, and repeats without doubles', async () => {
  const lines = rows('big')
  lines[7_000] = '{"kind":"entity","type":"row"}'
  lines[7_001] = 'not json'
  const file = write('big.ndjson', lines)
  const first = await importFile(file)
  expect(first.code).toBe(1)
  expect(first.stdout).toContain(
    `${ENTITIES} rows: ${ENTITIES - 2} created, 0 updated, 0 unchanged, 2 refused`,
  )
  expect(first.stderr).toMatch(/line 7001: .*external_id/)
  expect(first.stderr).toMatch(/line 7002: not JSON/)
  const second = await importFile(file)
  expect(second.stdout).toContain(`0 created, 0 updated, ${ENTITIES - 2} unchanged, 2 refused`)
})

it('goes on where a killed import stopped', async () => {
  const file = write('killed.ndjson', rows('killed'))
  const args = [SCRIPT, file, '--url', inject('baseUrl'), '--key', key]
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] })
  // The first line of progress comes after the first request was answered.
  await new Promise((resolve) => child.stdout.once('data', resolve))
  const ended = new Promise((resolve) => child.once('close', resolve))
  child.kill('SIGKILL')
  await ended
  const resumed = await importFile(file)
  expect(resumed.code).toBe(0)
  expect(resumed.stdout).toMatch(/^going on at line (5001|10001)$/m)
  const all = await importFile(file, '--restart')
  expect(all.stdout).toContain(
    `${ENTITIES} rows: 0 created, 0 updated, ${ENTITIES} unchanged, 0 refused`,
  )
})

it('says what is wrong in a sentence', async () => {
  const good = write('good.ndjson', rows('good').slice(0, 1))
  expect((await importFile(join(folder, 'nowhere.ndjson'))).stderr).toBe(
    `there is no file ${join(folder, 'nowhere.ndjson')}\n`,
  )
  expect((await importFile(good, '--graph', 'nowhere')).stderr).toContain(
    '404: this graph does not',
  )
  expect((await importFile(good, '--colour', 'red')).stderr).toContain("Unknown option '--colour'")
  const latin = write('latin.ndjson', Buffer.from('{"name":"Z\xfcrich"}', 'latin1'))
  expect((await importFile(latin)).stderr).toBe('line 1 is not UTF-8\n')
})
