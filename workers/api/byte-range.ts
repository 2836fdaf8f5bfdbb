import { AppError } from '../../core/errors.ts'
import type { ByteRange } from '../files/file-store.ts'

/**
 * What a `Range` header asks of a file of `bytes` (RFC 9110, 14.2). `null`: all of it, also where the
 * header is of another form or asks for several ranges, which may be passed over. Throws where it begins
 * behind the end.
 */
export function byteRangeOf(header: string | undefined, bytes: number): ByteRange | null {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return null
  if (first === '') {
    const length = Math.min(Number(last), bytes)
    if (length === 0) throw unsatisfiable(bytes)
    return { offset: bytes - length, length }
  }
  const offset = Number(first)
  if (last !== '' && Number(last) < offset) return null
  if (offset >= bytes) throw unsatisfiable(bytes)
  const end = last === '' ? bytes : Math.min(Number(last) + 1, bytes)
  return { offset, length: end - offset }
}

function unsatisfiable(bytes: number): AppError {
  return new AppError('range_not_satisfiable', `Range: the file has ${bytes} bytes`)
}
