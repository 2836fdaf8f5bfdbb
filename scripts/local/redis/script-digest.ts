import { createHash } from 'node:crypto'
import type { Bytes } from './reply.ts'

/** What EVALSHA knows a script by. */
export function scriptDigest(source: Bytes): string {
  return createHash('sha1').update(Buffer.from(source, 'latin1')).digest('hex')
}
