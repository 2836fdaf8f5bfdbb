import { errors, jwtVerify, SignJWT } from 'jose'
import { isUuid, type TenantId, tenantId } from '../../core/ids.ts'

/** How long an access token is good for. */
export const ACCESS_TOKEN_SECONDS = 3_600

const ISSUER = 'tendril'

export type AccessToken = { readonly userId: string; readonly tenantId: TenantId }

/** Signs an access token (RFC 7519, HS256) of one user in one tenant. */
export function signAccessToken(
  secret: string,
  token: AccessToken,
  nowMs: number,
): Promise<string> {
  const issuedAt = Math.floor(nowMs / 1_000)
  return new SignJWT({ tid: token.tenantId })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .setIssuer(ISSUER)
    .setSubject(token.userId)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + ACCESS_TOKEN_SECONDS)
    .sign(keyOf(secret))
}

/** Who a token speaks for; `null` when it is not ours, changed, or expired. */
export async function verifyAccessToken(
  secret: string,
  text: string,
  nowMs: number,
): Promise<AccessToken | null> {
  try {
    const { payload } = await jwtVerify(text, keyOf(secret), {
      issuer: ISSUER,
      algorithms: ['HS256'],
      typ: 'at+jwt',
      currentDate: new Date(nowMs),
    })
    const { sub, tid } = payload
    if (typeof sub !== 'string' || typeof tid !== 'string') return null
    return isUuid(sub) && isUuid(tid) ? { userId: sub, tenantId: tenantId(tid) } : null
  } catch (error) {
    if (error instanceof errors.JOSEError) return null
    throw error
  }
}

function keyOf(secret: string): Uint8Array {
  return new TextEncoder().encode(secret)
}
