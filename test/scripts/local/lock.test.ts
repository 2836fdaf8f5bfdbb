import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { LOCK_FILE, takeLock } from '../../../scripts/local/lock.ts'
import { isRunning, markProcess, type ProcessMark } from '../../../scripts/local/process-start.ts'
import { sentenceOf } from '../../harness/failures.ts'

const URL = 'http://127.0.0.1:8787'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tendril-lock-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('a second start is told the pid and the address of the first', async () => {
  const lock = await takeLock(folder, URL)
  expect(await sentenceOf(takeLock(folder, 'http://127.0.0.1:9000'))).toContain(
    `process ${process.pid}, serving ${URL}`,
  )
  lock.release()
  expect(readdirSync(folder)).toEqual([])
})

it('a lock is stale when another process has got the pid of its owner', async () => {
  leaveLock({ pid: process.pid, startedAt: 'an earlier time' }, [])
  const lock = await takeLock(folder, URL)
  expect(readdirSync(folder)).toEqual([LOCK_FILE])
  lock.release()
})

it('a lock that is cut off is stale', async () => {
  writeFileSync(join(folder, LOCK_FILE), '{"owner":{"pid":')
  const lock = await takeLock(folder, URL)
  lock.release()
})

it('what a dead owner left running is ended, with all of its group, but nothing else', async () => {
  const left = await sleeper(true)
  const stranger = await sleeper(false)
  const dead = { pid: left.pid, startedAt: 'an earlier time' }
  leaveLock(dead, [left, { ...stranger, startedAt: 'an earlier time' }])
  const lock = await takeLock(folder, URL)
  expect(isRunning(left)).toBe(false)
  expect(isRunning(stranger)).toBe(true)
  process.kill(stranger.pid, 'SIGKILL')
  lock.release()
})

it('of many starts at once exactly one gets a stale lock', async () => {
  leaveLock({ pid: process.pid, startedAt: 'an earlier time' }, [])
  const program = `
    import { takeLock } from ${JSON.stringify(join(import.meta.dirname, '../../../scripts/local/lock.ts'))}
    await takeLock(${JSON.stringify(folder)}, 'x').then(() => console.log('taken'), () => console.log('refused'))
    setTimeout(() => {}, 60_000)`
  const starts = Array.from({ length: 4 }, () =>
    spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    }),
  )
  const words = await Promise.all(
    starts.map(async ({ stdout }) => String((await once(stdout, 'data'))[0]).trim()),
  )
  for (const start of starts) start.kill('SIGKILL')
  expect(words.toSorted()).toEqual(['refused', 'refused', 'refused', 'taken'])
})

function leaveLock(owner: ProcessMark, children: readonly ProcessMark[]): void {
  writeFileSync(join(folder, LOCK_FILE), JSON.stringify({ owner, url: URL, children }))
}

async function sleeper(detached: boolean): Promise<ProcessMark> {
  const child = spawn('sleep', ['60'], { detached, stdio: 'ignore' })
  await once(child, 'spawn')
  const mark = markProcess(child.pid ?? 0)
  if (!mark) throw new Error('no such process')
  return mark
}
