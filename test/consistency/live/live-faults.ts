import { setTimeout as delay } from 'node:timers/promises'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import { redisChaosSettings } from '../../harness/redis-chaos.ts'
import type { Isolates } from './isolates.ts'

type Fault = readonly [name: string, begin: () => Promise<void>]

const LONGEST_FAULT_MS = 300
const LONGEST_CALM_MS = 900

/**
 * One fault after the other, each for a while, until `isOver`; leaves everything working. Adds each to
 * `caused`, with its time.
 */
export async function causeLiveFaults(
  { server, sql, redis, redisChaos, flushRedis }: Isolates,
  random: Random,
  { caused, isOver }: { readonly caused: string[]; readonly isOver: () => boolean },
): Promise<void> {
  const seed = () => random.below(2 ** 31)
  const setSql = async (cutBefore: number, cutAfter: number, delayMs: number) =>
    sql.set({ cutBefore, cutAfter, delayMs, seed: seed() })
  const setRedis = (settings: object) =>
    redisChaos.set(redisChaosSettings.parse({ seed: seed(), ...settings }), redis)
  const faults: readonly Fault[] = [
    ['SQL is slow', () => setSql(0, 0, 60)],
    ['SQL is cut now and then', () => setSql(0.1, 0.1, 10)],
    ['SQL is away', () => setSql(1, 0, 0)],
    ['Redis is away', () => setRedis({ refuse: true })],
    ['Redis is slow', () => setRedis({ delayMs: 400 })],
    ['Redis forgets, and brings up what is old', () => setRedis({ lose: 0.3, old: 0.3 })],
    ['Redis is cut now and then', () => setRedis({ cutBefore: 0.2, cutAfter: 0.2, fail: 0.2 })],
    ['Redis is flushed', flushRedis],
    ['the objects crash', () => server.crashObjects()],
    ['the objects crash', () => server.crashObjects()],
  ]
  while (!isOver()) {
    const [name, begin] = random.pick(faults)
    caused.push(`${Math.round(performance.now())} ms: ${name}`)
    await begin()
    await delay(random.below(LONGEST_FAULT_MS))
    await setSql(0, 0, 0)
    await setRedis({})
    await delay(random.below(LONGEST_CALM_MS))
  }
}
