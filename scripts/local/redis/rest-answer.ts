import { type Bytes, isStatus, RedisError, type Reply, textOf } from './reply.ts'

/** How strings are written: base64 keeps what is not UTF-8. */
export type Encoding = 'base64' | 'utf8'

/** `{"result": …}`, or `{"error": …}`. */
export function answerJson(reply: Reply, encoding: Encoding): string {
  if (reply instanceof RedisError) return errorJson(textOf(reply.message))
  // The one string that is never encoded, and only here: clients expect it as it is.
  if (typeof reply === 'object' && reply !== null && isStatus(reply) && reply.status === 'OK') {
    return '{"result":"OK"}'
  }
  return `{"result":${replyJson(reply, encoding)}}`
}

export function errorJson(message: string): string {
  return JSON.stringify({ error: message })
}

function replyJson(reply: Reply, encoding: Encoding): string {
  if (reply === null) return 'null'
  if (typeof reply === 'number' || typeof reply === 'bigint') return String(reply)
  if (typeof reply === 'string') return stringJson(reply, encoding)
  if (reply instanceof RedisError) return stringJson(reply.message, encoding)
  if (isStatus(reply)) return stringJson(reply.status, encoding)
  return `[${reply.map((item) => replyJson(item, encoding)).join(',')}]`
}

function stringJson(bytes: Bytes, encoding: Encoding): string {
  if (encoding === 'utf8') return JSON.stringify(textOf(bytes))
  return `"${Buffer.from(bytes, 'latin1').toString('base64')}"`
}
