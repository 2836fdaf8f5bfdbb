import { describe, expect, it } from 'vitest'
import { serverBackend } from '../../../scripts/local/redis/server-backend.ts'
import { upstashRedisContract } from '../upstash-redis.contract.ts'
import { emptyDatabase } from './empty-database.ts'

const url = process.env.TENDRIL_REDIS_URL

/** Of the logical databases that tests use, as the other files'. */
const DATABASE = 5
const NEIGHBOUR = 6

// `npm test` needs no Redis; `npm run test:services` starts one.
describe.skipIf(!url)('in front of the Redis of TENDRIL_REDIS_URL', () => {
  upstashRedisContract(() => serverBackend(url ?? '', DATABASE))

  it('FLUSHALL leaves the other logical databases alone', async () => {
    const neighbour = await serverBackend(url ?? '', NEIGHBOUR)
    await emptyDatabase(neighbour)
    await neighbour.execute(['set', 'a', '1'])
    const backend = await serverBackend(url ?? '', DATABASE)
    await backend.execute(['FLUSHALL'])
    await backend.close()
    expect(await neighbour.execute(['getdel', 'a'])).toBe('1')
    await neighbour.close()
  })
})
