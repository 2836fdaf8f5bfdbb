import type { RedisCommand } from './backend.ts'
import type { Bytes } from './reply.ts'
import { scriptDigest } from './script-digest.ts'

/** A flag of Upstash's own in a script's first line; Redis refuses a script that has it. */
const FLAG = 'allow-key-locking'

/**
 * Takes Upstash's own flag out of scripts before Redis gets them, and remembers the digests that
 * clients know them by.
 */
export function scriptFlags(): { without(command: RedisCommand): RedisCommand } {
  const digests = new Map<string, string>()

  function strip(source: Bytes): Bytes {
    const [line = ''] = source.split('\n', 1)
    if (!line.startsWith('#!') || !line.includes(FLAG)) return source
    const flags = /flags=([\w,-]*)/.exec(line)?.[1]?.split(',') ?? []
    const others = flags.filter((flag) => flag !== FLAG).join(',')
    const stripped = `#!lua${others && ` flags=${others}`}${source.slice(line.length)}`
    digests.set(scriptDigest(source), scriptDigest(stripped))
    return stripped
  }

  return {
    without([name = '', ...words]) {
      const [first = '', ...others] = words
      const known = (digest: Bytes) => digests.get(digest.toLowerCase()) ?? digest
      switch (name.toLowerCase()) {
        case 'eval':
        case 'eval_ro':
          return [name, strip(first), ...others]
        case 'evalsha':
        case 'evalsha_ro':
          return [name, known(first), ...others]
        case 'script':
          if (first.toLowerCase() === 'load') return [name, first, ...others.map(strip)]
          return [name, first, ...others.map(known)]
        default:
          return [name, ...words]
      }
    },
  }
}
