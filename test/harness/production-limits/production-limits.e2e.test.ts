import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { convertV4MiniflareOptions, Miniflare } from 'miniflare'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Bundle } from '../../../scripts/local/bundle.ts'
import { withProductionLimits } from './with-production-limits.ts'

// A tiny worker, once with the limits and once without: what makes a difference is the limits' work.

const ANSWER_MS = 2

let target: Server
let open = 0
let mostOpen = 0
let limited: Miniflare
let free: Miniflare

beforeAll(async () => {
  target = createServer(async (_request, response) => {
    mostOpen = Math.max(mostOpen, ++open)
    await delay(ANSWER_MS)
    open--
    response.end('an answer')
  }).listen(0, '127.0.0.1')
  await once(target, 'listening')
  const path = join(import.meta.dirname, 'tiny', 'worker.ts')
  const contents = stripTypeScriptTypes(await readFile(path, 'utf8'))
  const bundle: Bundle = [{ type: 'ESModule', path: '/tiny/index.js', contents }]
  free = await run(bundle)
  limited = await run(await withProductionLimits(bundle, ['Box']))
})
afterAll(async () => {
  await Promise.all([free.dispose(), limited.dispose()])
  target.close()
})
beforeEach(() => {
  mostOpen = 0
})

async function run(bundle: Bundle): Promise<Miniflare> {
  const address = target.address()
  const port = typeof address === 'object' ? address?.port : 0
  const worker = {
    name: 'tiny',
    modules: [...bundle],
    modulesRoot: '/tiny',
    compatibilityDate: '2026-10-01',
    durableObjects: { BOX: { className: 'Box', useSQLite: true } },
    bindings: { TARGET: `http://127.0.0.1:${port}/` },
  }
  const options = { cf: false as const, telemetry: { enabled: false }, workers: [worker] }
  const miniflare = new Miniflare(convertV4MiniflareOptions(options))
  await miniflare.ready
  return miniflare
}

async function get<T = string>(miniflare: Miniflare, path: string, n = 0): Promise<T> {
  const response = await miniflare.dispatchFetch(`http://tiny/${path}?n=${n}`)
  const text = await response.text()
  if (!response.ok) throw new Error(text)
  return JSON.parse(text)
}

describe('under the limits of production', () => {
  it('PBKDF2 takes 100,000 iterations and no more', async () => {
    expect(await get(limited, 'pbkdf2', 100_000)).toBe('ok')
    expect(await get(limited, 'pbkdf2', 100_001)).toBe(
      'NotSupportedError: Pbkdf2 failed: iteration counts above 100000 are not supported ' +
        '(requested 100001).',
    )
    expect(await get(free, 'pbkdf2', 100_001)).toBe('ok')
  })

  it('an object stores values up to 2 MB', async () => {
    const most = 2 * 1024 * 1024 - 'key'.length
    for (const path of ['put', 'transaction']) {
      expect(await get(limited, path, most)).toBe('ok')
      expect(await get(limited, path, most + 1)).toBe(
        'RangeError: Values cannot be larger than 2097152 bytes. ' +
          'A value of size 2097153 was provided.',
      )
      expect(await get(free, path, most + 1)).toBe('ok')
    }
  })

  it('an object passes 2 MB to SQL in one parameter', async () => {
    expect(await get(limited, 'sql', 2 * 1024 * 1024)).toBe('ok')
    expect(await get(limited, 'sql', 2 * 1024 * 1024 + 1)).toContain('SQLITE_TOOBIG')
    expect(await get(free, 'sql', 2 * 1024 * 1024 + 1)).toBe('ok')
  })

  it('six connections are open at once, and the seventh waits', async () => {
    expect(await get(limited, 'fetches', 20)).toBe('ok')
    expect(mostOpen).toBe(6)
    expect(await get(free, 'fetches', 20)).toBe('ok')
    expect(mostOpen).toBeGreaterThan(6)
  })

  it('the calls of one object share its connections', async () => {
    expect(await get(limited, 'objectFetches', 20)).toEqual(['ok', 'ok'])
    expect(mostOpen).toBe(6)
  })

  it('an answer that is not read keeps its connection until it is dropped', async () => {
    const refused = { seventh: expect.stringMatching(/^TimeoutError/), afterCancel: 'ok' }
    expect(await get(limited, 'unread', 6)).toEqual(refused)
    expect(await get(limited, 'unread', 5)).toEqual({ seventh: 'ok', afterCancel: 'ok' })
    expect(await get(free, 'unread', 6)).toEqual({ seventh: 'ok', afterCancel: 'ok' })
  })

  it('1,000 fetches, cache operations and calls of objects are made, and no more', async () => {
    const outcome = { after: 1_000, outcome: 'Error: Too many subrequests.' }
    expect(await get(limited, 'subrequests', 1_002)).toEqual(outcome)
    expect(await get(free, 'subrequests', 1_002)).toEqual({ after: 1_002, outcome: 'ok' })
  })

  it('each call of an object may make 1,000 of its own', async () => {
    expect(await get(limited, 'objectFetches', 600)).toEqual(['ok', 'ok'])
    const refused = 'Error: Too many subrequests.'
    expect(await get(limited, 'objectFetches', 1_001)).toEqual([refused, refused])
  })

  it('what a streamed answer fetches counts as well', async () => {
    const response = await limited.dispatchFetch('http://tiny/streamed?n=1001')
    const lines = (await response.text()).trim().split('\n')
    expect(lines.indexOf('Error: Too many subrequests.')).toBe(1_000)
  })

  it('time stands still between I/O', async () => {
    type Clock = Readonly<Record<string, readonly number[]>>
    const { before, afterWork, afterAwait, afterFetch, afterTimer } = await get<Clock>(
      limited,
      'clock',
      50,
    )
    expect(afterWork).toEqual(before)
    expect(afterAwait).toEqual(before)
    for (const i of [0, 1, 2]) {
      expect(afterFetch?.[i]).toBeGreaterThan(before?.[i] ?? 0)
      expect(afterTimer?.[i]).toBeGreaterThan(afterFetch?.[i] ?? 0)
    }
    const without = await get<Clock>(free, 'clock', 50)
    expect(without.afterWork?.[0]).toBeGreaterThan(without.before?.[0] ?? 0)
  })

  it('no cache serves what is stale', async () => {
    expect(await get(limited, 'stale')).toEqual({ fresh: 'old', stale: 'none' })
    expect(await get(free, 'stale')).toEqual({ fresh: 'old', stale: 'old' })
  })

  it('the global scope has no time, no randomness and no timers, as the runtime itself says', async () => {
    const refused = expect.stringMatching(/^Error: Disallowed operation called within global scope/)
    const scope = { now: 0, date: 0, random: refused, timer: refused }
    expect(await get(limited, 'global')).toEqual(scope)
  })
})
