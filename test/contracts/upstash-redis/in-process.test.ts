import { memoryStore } from '../../../scripts/local/redis/store/memory-store.ts'
import { upstashRedisContract } from '../upstash-redis.contract.ts'

upstashRedisContract(async () => memoryStore())
