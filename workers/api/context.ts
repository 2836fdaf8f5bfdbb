import type { RawEnv } from '../../env.ts'
import type { Context } from '../context.ts'

/** The one typed environment of every Hono app and middleware. */
export type AppEnv = {
  Bindings: RawEnv
  Variables: {
    requestId: string
    context: Context
    /** The body as it was read; absent: there is none, or whoever stores it reads it. */
    bodyText?: string
    /** Its answer was made with all that every answer carries. */
    isComplete?: boolean
    /** `Link` of the answer (RFC 8288); absent: none. */
    link?: string
  }
}
