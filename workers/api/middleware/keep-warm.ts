import type { MiddlewareHandler } from 'hono'
import { keepWarm } from '../../operations/keep-warm.ts'
import type { AppEnv } from '../context.ts'

/** Behind the answer, loads anew what is asked for often and was changed. */
export function warming(): MiddlewareHandler<AppEnv> {
  return async function warming(c, next) {
    await next()
    keepWarm(c.get('context'))
  }
}
