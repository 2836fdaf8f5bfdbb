import { DurableObject } from 'cloudflare:workers'

// A worker that goes to each of the limits; what it tries in the global scope is refused there.
const inGlobalScope: Record<string, unknown> = {
  now: Date.now(),
  date: Date.parse(new Date().toISOString()),
  random: attempt(() => crypto.randomUUID()),
  timer: attempt(() => setTimeout(() => {}, 1)),
}

type Env = { readonly BOX: DurableObjectNamespace<Box>; readonly TARGET: string }

export class Box extends DurableObject<Env> {
  async put(characters: number): Promise<string> {
    return attempt(() => this.ctx.storage.put('key', 'é'.repeat(characters)))
  }

  async putInTransaction(characters: number): Promise<string> {
    return attempt(() =>
      this.ctx.storage.transaction((t) => t.put({ key: 'x'.repeat(characters) })),
    )
  }

  async sql(bytes: number): Promise<string> {
    const run = () => this.ctx.storage.sql.exec('select length(?)', new Uint8Array(bytes)).toArray()
    return attempt(run)
  }

  async fetches(count: number): Promise<string> {
    return attempt(() => fetches(this.env.TARGET, count))
  }
}

/** What `act` fails with, or `ok`. */
async function attempt(act: () => unknown): Promise<string> {
  try {
    await act()
    return 'ok'
  } catch (error) {
    return String(error)
  }
}

async function fetches(target: string, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, async () => (await fetch(target)).text()))
}

const routes: Readonly<Record<string, (env: Env, n: number) => unknown>> = {
  global: async () => ({
    now: inGlobalScope.now,
    date: inGlobalScope.date,
    random: await inGlobalScope.random,
    timer: await inGlobalScope.timer,
  }),
  pbkdf2: async (_env, iterations) => {
    const key = await crypto.subtle.importKey('raw', new Uint8Array(8), 'PBKDF2', false, [
      'deriveBits',
    ])
    const algorithm = { name: 'PBKDF2', hash: 'SHA-256', salt: new Uint8Array(8), iterations }
    return attempt(() => crypto.subtle.deriveBits(algorithm, key, 256))
  },
  put: (env, n) => env.BOX.getByName('a').put(n),
  transaction: (env, n) => env.BOX.getByName('a').putInTransaction(n),
  sql: (env, n) => env.BOX.getByName('a').sql(n),
  fetches: (env, n) => attempt(() => fetches(env.TARGET, n)),
  objectFetches: async (env, n) => {
    const calls = [1, 2].map(() => env.BOX.getByName('a').fetches(n))
    return Promise.all(calls)
  },
  /** n answers whose bodies nobody reads, then one more fetch for as long as its signal allows. */
  unread: async (env, n) => {
    const unread = await Promise.all(Array.from({ length: n }, () => fetch(env.TARGET)))
    const signal = AbortSignal.timeout(300)
    const seventh = await attempt(() => fetch(env.TARGET, { signal }))
    await unread[0]?.body?.cancel()
    const afterCancel = await attempt(async () => (await fetch(env.TARGET)).text())
    return { seventh, afterCancel }
  },
  /** n operations of three kinds, one after the other. */
  subrequests: async (env, n) => {
    for (let i = 0; i < n; i++) {
      const stub = env.BOX.getByName('a')
      const kinds = [
        () => fetch(env.TARGET).then((response) => response.text()),
        () => caches.default.match('http://cache/none'),
        () => stub.put(1),
      ]
      const outcome = await attempt(() => kinds[i % 3]?.())
      if (outcome !== 'ok') return { after: i, outcome }
    }
    return { after: n, outcome: 'ok' }
  },
  streamed: (env, n) =>
    streamFrom(async function* () {
      for (let i = 0; i < n; i++) {
        yield new TextEncoder().encode(`${await attempt(() => fetches(env.TARGET, 1))}\n`)
      }
    }),
  clock: async (env, ms) => {
    const times = () => [
      Date.now(),
      Date.parse(new Date().toISOString()),
      Math.floor(performance.now()),
    ]
    const before = times()
    const sum = spin(ms)
    const afterWork = times()
    await Promise.resolve(sum)
    const afterAwait = times()
    await (await fetch(env.TARGET)).text()
    const afterFetch = times()
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { before, afterWork, afterAwait, afterFetch, afterTimer: times() }
  },
  // The cache knows no time but the real one.
  stale: async () => {
    const headers = { 'cache-control': 'max-age=1, stale-while-revalidate=600' }
    await caches.default.put('http://cache/stale', new Response('old', { headers }))
    const fresh = await caches.default.match('http://cache/stale')
    await scheduler.wait(1_500)
    const stale = await caches.default.match('http://cache/stale')
    return { fresh: await fresh?.text(), stale: stale ? await stale.text() : 'none' }
  },
}

/** ReadableStream.from, which the types do not know. */
function streamFrom(source: () => AsyncIterable<unknown>): ReadableStream {
  const { from } = ReadableStream as unknown as { from(source: AsyncIterable<unknown>): unknown }
  return from(source()) as ReadableStream
}

/** Works for about that long, whatever the clock shows. */
function spin(ms: number): number {
  let sum = 0
  for (let i = 0; i < ms * 200_000; i++) sum += Math.sqrt(i)
  return sum
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url)
    const answer = await routes[pathname.slice(1)]?.(env, Number(searchParams.get('n')))
    return answer instanceof ReadableStream ? new Response(answer) : Response.json(answer ?? null)
  },
} satisfies ExportedHandler<Env>
