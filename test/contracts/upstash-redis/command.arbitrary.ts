import fc from 'fast-check'
import type { RedisCommand } from '../../../scripts/local/redis/backend.ts'
import {
  both,
  command,
  expiry,
  fraction,
  hugeAmount,
  hugeKey,
  integer,
  key,
  lexEnd,
  lexKey,
  listOf,
  maybe,
  member,
  pattern,
  rangeOptions,
  score,
  scoreEnd,
  seconds,
  some,
  words,
} from './word.arbitrary.ts'

const strings = [
  command('get', key),
  command('SET', key, member, some(words('NX', 'XX', 'GET', 'KEEPTTL'), 2), maybe(expiry)),
  command('setnx', key, member),
  command('setex', key, seconds, member),
  command('psetex', key, seconds, member),
  command('getset', key, member),
  command('getdel', key),
  command('getex', key, maybe(fc.oneof(listOf(words('PERSIST')), expiry))),
  command('mget', some(key)),
  command('mset', some(both(key, member)), maybe(key)),
  command('msetnx', some(both(key, member))),
  command('append', key, member),
  command('strlen', key),
  command('getrange', key, integer, integer),
  command('substr', key, integer, integer),
  command('setrange', key, integer, member),
  command('incr', key),
  command('decr', key),
  command('incrby', key, integer),
  command('incrby', hugeKey, hugeAmount),
  command('decrby', hugeKey, hugeAmount),
  command('incrbyfloat', key, fraction),
]

const keys = [
  command('del', some(key)),
  command('unlink', some(key)),
  command('exists', some(key)),
  command('touch', some(key)),
  command('type', key),
  command('rename', key, key),
  command('renamenx', key, key),
  command('copy', key, key, some(words('REPLACE', 'OOPS'), 1)),
  command('keys', pattern),
  command(
    'scan',
    words('0', 'x'),
    words('COUNT'),
    words('1000', '0', 'x'),
    maybe(both(words('MATCH'), pattern)),
  ),
  command('scan', words('0'), words('TYPE'), words('string', 'LIST', 'zset', 'oops')),
  command('expire', key, seconds, some(words('NX', 'XX', 'GT', 'lt', 'OOPS'), 2)),
  command('pexpire', key, seconds),
  command('expireat', key, seconds),
  command('pexpireat', key, words('1', '99999999999999')),
  command('ttl', key),
  command('pttl', key),
  command('expiretime', key),
  command('pexpiretime', key),
  command('persist', key),
]

const hashes = [
  command('hset', key, some(both(member, member)), maybe(member)),
  command('hmset', key, some(both(member, member))),
  command('hsetnx', key, member, member),
  command('hget', key, member),
  command('hmget', key, some(member)),
  command('hgetall', key),
  command('hkeys', key),
  command('hvals', key),
  command('hlen', key),
  command('hexists', key, member),
  command('hstrlen', key, member),
  command('hdel', key, some(member)),
  command('hincrby', key, member, integer),
  command('hincrby', words('hugeHash'), member, hugeAmount),
  command('hincrbyfloat', key, member, fraction),
  command('hscan', key, words('0', 'x'), maybe(both(words('MATCH'), pattern))),
  command('hrandfield', key, words('100', '0', 'x'), maybe(words('WITHVALUES', 'OOPS'))),
]

const lists = [
  command('lpush', key, some(member)),
  command('rpush', key, some(member)),
  command('lpushx', key, member),
  command('rpushx', key, member),
  command('lpop', key, maybe(integer)),
  command('rpop', key, maybe(integer)),
  command('llen', key),
  command('lindex', key, integer),
  command('lrange', key, integer, integer),
  command('ltrim', key, integer, integer),
  command('lset', key, integer, member),
  command('lrem', key, integer, member),
  command('linsert', key, words('BEFORE', 'after', 'OOPS'), member, member),
  command('lpos', key, member, some(both(words('RANK', 'COUNT', 'MAXLEN'), integer), 2)),
  command('lmove', key, key, words('LEFT', 'right'), words('LEFT', 'RIGHT', 'OOPS')),
  command('rpoplpush', key, key),
  command(
    'lmpop',
    words('1', '2', '0'),
    key,
    key,
    words('LEFT', 'RIGHT'),
    maybe(both(words('COUNT'), integer)),
  ),
]

const sets = [
  command('sadd', key, some(member)),
  command('srem', key, some(member)),
  command('smembers', key),
  command('scard', key),
  command('sismember', key, member),
  command('smismember', key, some(member)),
  command('smove', key, key, member),
  command('sinter', some(key)),
  command('sunion', some(key)),
  command('sdiff', some(key)),
  command('sinterstore', key, some(key)),
  command('sunionstore', key, some(key)),
  command('sdiffstore', key, some(key)),
  command('sintercard', words('1', '2', '0', 'x'), key, key, maybe(both(words('LIMIT'), integer))),
  command('sscan', key, words('0'), maybe(both(words('MATCH'), pattern))),
  command('spop', key, words('100', '0', '-1', 'x')),
  command('srandmember', key, words('100', '0', 'x')),
]

const sources = both(words('1', '2', '0', 'x'), key, key)
const combination = some(
  fc.oneof(
    both(words('WEIGHTS'), score, score),
    both(words('AGGREGATE'), words('SUM', 'min', 'MAX', 'OOPS')),
    listOf(words('WITHSCORES')),
  ),
  2,
)

const sortedSets = [
  command(
    'zadd',
    key,
    some(words('NX', 'XX', 'GT', 'LT', 'CH', 'INCR'), 2),
    some(both(score, member), 2),
    maybe(score),
  ),
  command('zadd', key, score, member, score, member),
  command('zincrby', key, score, member),
  command('zrem', key, some(member)),
  command('zcard', key),
  command('zscore', key, member),
  command('zmscore', key, some(member)),
  command('zrank', key, member),
  command('zrevrank', key, member),
  command('zcount', key, scoreEnd, scoreEnd),
  command('zadd', words('lex'), words('0'), member),
  command('zlexcount', lexKey, lexEnd, lexEnd),
  command('zrange', key, integer, integer, some(words('REV', 'WITHSCORES', 'OOPS'))),
  command('zrange', key, scoreEnd, scoreEnd, words('BYSCORE'), rangeOptions),
  command('zrange', lexKey, lexEnd, lexEnd, words('BYLEX'), rangeOptions),
  command('zrangestore', key, key, scoreEnd, scoreEnd, words('BYSCORE'), rangeOptions),
  command('zrevrange', key, integer, integer, maybe(words('WITHSCORES', 'OOPS'))),
  command('zrangebyscore', key, scoreEnd, scoreEnd, rangeOptions),
  command('zrevrangebyscore', key, scoreEnd, scoreEnd, rangeOptions),
  command('zrangebylex', lexKey, lexEnd, lexEnd, rangeOptions),
  command('zrevrangebylex', lexKey, lexEnd, lexEnd, rangeOptions),
  command('zremrangebyrank', key, integer, integer),
  command('zremrangebyscore', key, scoreEnd, scoreEnd),
  command('zremrangebylex', lexKey, lexEnd, lexEnd),
  command('zpopmin', key, maybe(integer)),
  command('zpopmax', key, maybe(integer)),
  command(
    'zmpop',
    words('1', '2'),
    key,
    key,
    words('MIN', 'MAX', 'OOPS'),
    maybe(both(words('COUNT'), integer)),
  ),
  command('zunion', sources, combination),
  command('zinter', sources, combination),
  command('zdiff', sources, maybe(words('WITHSCORES', 'OOPS'))),
  command('zunionstore', key, sources, combination),
  command('zinterstore', key, sources, combination),
  command('zdiffstore', key, sources),
  command('zintercard', sources, maybe(both(words('LIMIT'), integer))),
  command('zscan', key, words('0'), maybe(both(words('MATCH'), pattern))),
  command('zrandmember', key, words('100', '0', 'x'), maybe(words('WITHSCORES'))),
]

const others = [
  command('ping', some(member)),
  command('echo', some(member, 2)),
  command('nosuch', some(member)),
  command('flushdb', maybe(words('ASYNC', 'OOPS'))),
  command('get'),
  command('eval', words('return redis.call("get", KEYS[1])'), words('1'), key),
  command('eval', words('return redis.pcall("incr", KEYS[1])'), words('1'), key),
  command(
    'eval',
    words('return {KEYS[1], ARGV[1], #ARGV, 3.7, true, false, "x"}'),
    words('1'),
    key,
    member,
  ),
  command('eval', words('return redis.error_reply("no")'), words('0', 'x', '5')),
  command('evalsha', words('0000000000000000000000000000000000000000'), words('0')),
]

const FILLED_KEYS = ['a', 'b', 'lex']

type Family = {
  /** Puts something there to work on. */
  readonly fill: (key: string) => RedisCommand
  readonly commands: readonly fc.Arbitrary<RedisCommand>[]
}

const FAMILIES: readonly Family[] = [
  { fill: (name) => ['set', name, '10'], commands: strings },
  { fill: (name) => ['hset', name, 'x', '1', 'y', '1.5', '', 'z'], commands: hashes },
  { fill: (name) => ['rpush', name, 'x', 'y', 'x', 'z', 'x'], commands: lists },
  { fill: (name) => ['sadd', name, 'x', 'y', '10'], commands: sets },
  { fill: (name) => ['zadd', name, '0', 'x', '0', 'y', '0', 'z'], commands: sortedSets },
]

/** Commands on keys of one type, mostly, so that many of them find what they look for. */
function familiar({ fill, commands }: Family): fc.Arbitrary<readonly RedisCommand[]> {
  const one = fc.oneof(
    { weight: 12, arbitrary: fc.oneof(...commands) },
    { weight: 1, arbitrary: fc.oneof(...keys) },
    { weight: 1, arbitrary: fc.oneof(...others) },
  )
  const some = fc.array(one, { minLength: 1, maxLength: 60, size: 'max' })
  return some.map((rest) => [...FILLED_KEYS.map(fill), ...rest])
}

const anyCommand = fc.oneof(
  ...FAMILIES.map(({ commands }) => fc.oneof(...commands)),
  fc.oneof(...keys, ...others),
)

/** A sequence of the commands that the in-process store has, right or wrong. */
export const someCommands: fc.Arbitrary<readonly RedisCommand[]> = fc.oneof(
  ...FAMILIES.map(familiar),
  fc.array(anyCommand, { minLength: 1, maxLength: 60, size: 'max' }),
)
