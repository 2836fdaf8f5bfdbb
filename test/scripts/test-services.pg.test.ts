import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { accountFor } from '../../scripts/local/postgres-account.ts'
import { findBinaries } from '../../scripts/local/postgres-binaries.ts'
import { isRunning, markProcess } from '../../scripts/local/process-start.ts'

const SCRIPT = join(import.meta.dirname, '../../scripts/test-services.ts')

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-test-services-'))
  await chmod(folder, 0o711)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** The script where the PostgreSQL from npm is on the PATH, and what is temporary lies in `folder`. */
async function run(...args: string[]): Promise<ChildProcess> {
  const { postgres } = await findBinaries(accountFor(folder, console.log), console.log)
  const ownEntries = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('VITEST') && !name.startsWith('TENDRIL_') && !/^npm_/.test(name),
  )
  const env = {
    ...Object.fromEntries(ownEntries),
    PATH: `${dirname(postgres)}${delimiter}${process.env.PATH}`,
    TMPDIR: folder,
  }
  return spawn(process.execPath, [SCRIPT, ...args], { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

async function refusal(...args: string[]): Promise<string> {
  const child = await run(...args)
  const exited = once(child, 'exit')
  const said = child.stderr ? await text(child.stderr) : ''
  expect((await exited)[0]).toBe(1)
  return said
}

it('a version that is not there is refused with what to install', async () => {
  expect(await refusal('--postgres', '99')).toMatch(
    /^No PostgreSQL 99 server is installed .*\(there is: .*\b18\b.*`apt-get install postgresql-99`/,
  )
  expect(await refusal('--postgres', '14')).toBe(
    '--postgres must be a major version, 15 or newer, not "14".\n',
  )
  expect(await readdir(folder)).toEqual([])
})

it('a run that is killed leaves no server and no file', async () => {
  const child = await run('--postgres', '18', 'test/durable-objects')
  const exited = once(child, 'exit')
  let output = ''
  for await (const chunk of child.stdout ?? []) {
    output += chunk
    if (output.includes(' RUN ')) break
  }
  expect(output).toMatch(/^Testing on PostgreSQL 18\.\d+/)
  const [own = ''] = await readdir(folder)
  const file = await readFile(join(folder, own, 'postgres-18', 'postmaster.pid'), 'utf8')
  const server = markProcess(Number.parseInt(file, 10))
  child.kill('SIGTERM')
  expect((await exited)[0]).not.toBe(0)
  expect(server && isRunning(server)).toBe(false)
  expect(await readdir(folder)).toEqual([])
})
