import type { RawEnv } from '../../env.ts'
import type { Context } from '../context.ts'

/** The one typed environment of every Hono app and middleware. */
export type AppEnv = {
  Bindings: RawEnv
  Variables: {
    requestId: string
    context: Context
    /** `Link` of the answer (RFC 8288); absent: none. */
    link?: string
  }
}
