import { describe } from 'vitest'
import { serverBackend } from '../../../scripts/local/redis/server-backend.ts'
import { upstashRedisContract } from '../upstash-redis.contract.ts'

const url = process.env.TENDRIL_REDIS_URL

/** Of the logical databases that tests use, as the other files'. */
const DATABASE = 5

// `npm test` needs no Redis; `npm run test:services` starts one.
describe.skipIf(!url)('in front of the Redis of TENDRIL_REDIS_URL', () => {
  upstashRedisContract(() => serverBackend(url ?? '', DATABASE))
})
