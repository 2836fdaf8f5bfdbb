import { afterAll, beforeAll, beforeEach, describe } from 'vitest'
import type { RedisBackend } from '../../scripts/local/redis/backend.ts'
import { startUpstashRest } from '../../scripts/local/redis/upstash-rest.ts'
import { describeBatches } from './upstash-redis/batches.ts'
import { describeCollections } from './upstash-redis/collections.ts'
import { emptyDatabase } from './upstash-redis/empty-database.ts'
import { describeErrors } from './upstash-redis/errors.ts'
import { describeExpiry } from './upstash-redis/expiry.ts'
import { describeKeys } from './upstash-redis/keys.ts'
import { describeRaces } from './upstash-redis/races.ts'
import { describeScripts } from './upstash-redis/scripts.ts'
import { RedisSession } from './upstash-redis/session.ts'
import { describeSortedSets } from './upstash-redis/sorted-sets.ts'
import { describeStrings } from './upstash-redis/strings.ts'
import { describeValues } from './upstash-redis/values.ts'
import { describeWire } from './upstash-redis/wire.ts'

/** What @upstash/redis has to find, whatever is behind the service. */
export function upstashRedisContract(open: () => Promise<RedisBackend>): void {
  describe('a service for @upstash/redis', () => {
    const session = new RedisSession()

    beforeAll(async () => {
      const backend = await open()
      await emptyDatabase(backend)
      session.begin(await startUpstashRest({ token: session.token, backend }))
    })

    beforeEach(() => session.redis.flushdb())

    afterAll(async () => {
      await session.redis.flushdb()
      await session.end()
    })

    describeValues(session)
    describeStrings(session)
    describeKeys(session)
    describeExpiry(session)
    describeCollections(session)
    describeSortedSets(session)
    describeScripts(session)
    describeBatches(session)
    describeRaces(session)
    describeErrors(session)
    describeWire(session)
  })
}
