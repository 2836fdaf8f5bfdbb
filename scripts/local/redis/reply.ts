/**
 * Bytes as a string whose characters have codes 0 to 255: it can be a key of a Map, and is equal,
 * ordered and sliced as the bytes are.
 */
export type Bytes = string

/** A simple string of the protocol, as `OK`: said by the server, not stored by anybody. */
export type Status = { readonly status: string }

/** What a command answers, in the shapes of RESP2. */
export type Reply = null | number | bigint | Bytes | Status | RedisError | readonly Reply[]

/** A command's error; the message begins with its code, as `ERR` or `WRONGTYPE`. */
export class RedisError extends Error {
  override readonly name = 'RedisError'
}

export const OK: Status = { status: 'OK' }

export function isStatus(reply: Reply): reply is Status {
  return typeof reply === 'object' && reply !== null && 'status' in reply
}

export function bytesOf(text: string): Bytes {
  return Buffer.from(text, 'utf8').toString('latin1')
}

export function textOf(bytes: Bytes): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
