import { setTimeout as delay } from 'node:timers/promises'
import { z } from 'zod'
import {
  type LocalRedis,
  REDIS_DATABASES,
  type RedisDatabase,
} from '../../scripts/local/redis/local-redis.ts'
import type { RedisFault, RedisFaults } from '../../scripts/local/redis/upstash-rest.ts'
import { randomFrom } from './random.ts'

const probability = z.number().min(0).max(1).default(0)

/** What goes wrong on the way to Redis, each with its probability; nothing unless named. */
export const redisChaosSettings = z.strictObject({
  /** Which of the two it happens to. */
  databases: z.array(z.enum(REDIS_DATABASES)).default([...REDIS_DATABASES]),
  /** No connection is accepted, as when nothing runs there. */
  refuse: z.boolean().default(false),
  /** The connection is closed before anything ran. */
  cutBefore: probability,
  /** The answer is lost after the commands ran. */
  cutAfter: probability,
  /** No answer comes, ever. */
  hang: probability,
  /** The answer is 500. */
  fail: probability,
  /** A write is answered and undone. In-process store only. */
  lose: probability,
  /** A read answers what was there before the last write. In-process store only. */
  old: probability,
  /** The most a request waits before it runs; each waits a random part of it. */
  delayMs: z.number().min(0).default(0),
  /** The same seed gives the same sequence of faults. */
  seed: z.int().default(1),
})

export type RedisChaosSettings = z.infer<typeof redisChaosSettings>

/** Faults of the way to Redis that a test can change while it runs; none until `set`. */
export class RedisChaos {
  #settings = redisChaosSettings.parse({})
  #random = randomFrom(this.#settings.seed)

  async set(settings: RedisChaosSettings, redis: LocalRedis): Promise<void> {
    this.#settings = settings
    this.#random = randomFrom(settings.seed)
    for (const name of REDIS_DATABASES) {
      const isRefused = settings.refuse && settings.databases.includes(name)
      await (isRefused ? redis[name].refuse() : redis[name].accept())
    }
  }

  of(database: RedisDatabase): RedisFaults {
    return {
      beforeExecute: () => this.#before(database),
      beforeRespond: () => {
        const { cutAfter } = this.#settings
        return this.#isHit(database) && this.#random() < cutAfter ? 'cut' : undefined
      },
    }
  }

  async #before(database: RedisDatabase): Promise<RedisFault> {
    if (!this.#isHit(database)) return undefined
    const { cutBefore, hang, fail, lose, old, delayMs } = this.#settings
    const chances = { cut: cutBefore, hang, fail, lose, old } as const
    const point = this.#random()
    if (delayMs > 0) await delay(this.#random() * delayMs)
    let sum = 0
    for (const [fault, chance] of Object.entries(chances)) {
      sum += chance
      if (point < sum) return fault as keyof typeof chances
    }
    return undefined
  }

  #isHit(database: RedisDatabase): boolean {
    return this.#settings.databases.includes(database)
  }
}
