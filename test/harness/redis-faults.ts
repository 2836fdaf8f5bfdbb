import { control } from './faults.ts'
import type { RedisChaosSettings } from './redis-chaos.ts'

export type RedisFaultSettings = Partial<RedisChaosSettings>

/** Runs `use` while Redis fails as told, and makes it work again whatever happens. */
export async function withRedisFaults<T>(
  faults: RedisFaultSettings,
  use: () => Promise<T>,
): Promise<T> {
  await setRedisFaults(faults)
  try {
    return await use()
  } finally {
    await setRedisFaults({})
  }
}

/** From now on; what is not named does not fail. */
export async function setRedisFaults(faults: RedisFaultSettings): Promise<void> {
  await control('/redis-faults', faults)
}

/** Deletes everything in both databases, as a Redis that was replaced by an empty one. */
export async function flushRedis(): Promise<void> {
  await control('/redis-flush', {})
}
