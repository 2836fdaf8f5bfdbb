import { errors, jwtVerify, SignJWT } from 'jose'
import { isUuid, tenantId } from '../../core/ids.ts'
import type { JobName } from '../../db/queries/jobs.ts'

/** How long a link to a file is good for. */
export const LINK_SECONDS = 900

const ISSUER = 'tendril'
// Not that of access tokens: neither can stand in for the other.
const TYPE = 'file+jwt'

/** A file of a job, by its place among the job's files. */
export type FileLink = JobName & { readonly file: number }

/** Signs a link (RFC 7519, HS256) that shows one file to whoever has it, until it expires. */
export function signFileLink(secret: string, link: FileLink, nowMs: number): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1_000)
  return new SignJWT({ tid: link.tenantId, file: link.file })
    .setProtectedHeader({ alg: 'HS256', typ: TYPE })
    .setIssuer(ISSUER)
    .setSubject(link.id)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + LINK_SECONDS)
    .sign(keyOf(secret))
}

/** What a link shows; `null`: it is not ours, or was changed. */
export async function verifyFileLink(
  secret: string,
  text: string,
  nowMs: number,
): Promise<FileLink | 'expired' | null> {
  try {
    const { payload } = await jwtVerify(text, keyOf(secret), {
      issuer: ISSUER,
      algorithms: ['HS256'],
      typ: TYPE,
      currentDate: new Date(nowMs),
    })
    const { sub, tid, file } = payload
    if (typeof sub !== 'string' || typeof tid !== 'string' || typeof file !== 'number') return null
    return isUuid(sub) && isUuid(tid) ? { id: sub, tenantId: tenantId(tid), file } : null
  } catch (error) {
    if (error instanceof errors.JWTExpired) return 'expired'
    if (error instanceof errors.JOSEError) return null
    throw error
  }
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret)
}
