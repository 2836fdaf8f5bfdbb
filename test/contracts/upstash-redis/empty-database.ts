import type { RedisBackend } from '../../../scripts/local/redis/backend.ts'

/** Throws when there is something: tests delete everything, so it must be theirs. */
export async function emptyDatabase(backend: RedisBackend): Promise<void> {
  const size = await backend.execute(['dbsize'])
  if (Number(size) === 0) return
  throw new Error(
    'a logical database of TENDRIL_REDIS_URL is not empty; the tests use nine from the one it names ' +
      'on, and delete what is in them: empty them first (FLUSHDB), or name a Redis of their own',
  )
}
