import { spawnSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { serverBackend } from '../../../scripts/local/redis/server-backend.ts'
import { startRedisServer } from '../../../scripts/test-services/redis-server.ts'
import { sentenceOf } from '../../harness/failures.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-redis-'))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true })
})

it('a Redis that is not installed is named, with what to do', async () => {
  vi.stubEnv('TENDRIL_REDIS_URL', undefined)
  const sentence = await sentenceOf(startRedisServer({ folder, program: 'no-redis-server' }))
  expect(sentence).toContain('There is no no-redis-server on this machine')
  expect(sentence).toContain('apt-get install redis-server')
  expect(sentence).toContain('TENDRIL_REDIS_URL')
})

it('what ends before it is ready is quoted', async () => {
  vi.stubEnv('TENDRIL_REDIS_URL', undefined)
  expect(await sentenceOf(startRedisServer({ folder, program: 'false' }))).toContain(
    'redis-server does not start',
  )
})

it('one that runs already is used as it is', async () => {
  vi.stubEnv('TENDRIL_REDIS_URL', 'redis://:secret@example.com:6380/2')
  const { description, env, stop } = await startRedisServer({ folder })
  await stop()
  expect(description).toBe('Redis at example.com:6380')
  expect(env).toEqual({ TENDRIL_REDIS_URL: 'redis://:secret@example.com:6380/2' })
  expect(await readdir(folder)).toEqual([])
})

// Not everybody has one installed.
const isInstalled = spawnSync('redis-server', ['--version']).status === 0

describe.skipIf(!isInstalled)('one of this machine', () => {
  it('starts on a port of its own behind a password, several at once, and ends', async () => {
    vi.stubEnv('TENDRIL_REDIS_URL', undefined)
    const servers = await Promise.all([startRedisServer({ folder }), startRedisServer({ folder })])
    for (const { description, env } of servers) {
      expect(description).toMatch(/^Redis \d+\.\d+/)
      const backend = await serverBackend(env.TENDRIL_REDIS_URL, 0)
      expect(await backend.execute(['set', 'a', '1'])).toEqual({ status: 'OK' })
      await backend.close()
      const url = new URL(env.TENDRIL_REDIS_URL)
      url.password = 'wrong'
      expect(await sentenceOf(serverBackend(url.href, 0))).toContain('WRONGPASS')
    }
    for (const { env, stop } of servers) {
      await stop()
      expect(await sentenceOf(serverBackend(env.TENDRIL_REDIS_URL, 0))).toContain('ECONNREFUSED')
    }
  })
})
