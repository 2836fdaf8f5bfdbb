import { arrived } from './clock.ts'
import { currentInvocation } from './invocation.ts'
import { opened } from './outgoing.ts'
import { replaceMethod } from './replace-method.ts'

const SERVED_STALE = /\s*stale-(while-revalidate|if-error)(=[^,]*)?,?/gi

/**
 * Cache operations take a connection and count as subrequests, and no cache serves what is stale:
 * production knows neither stale-while-revalidate nor stale-if-error here. Nor does it know Vary,
 * which the local cache ignores as well.
 */
export function limitCaches(): void {
  for (const name of ['match', 'put', 'delete']) {
    replaceMethod(
      Cache.prototype,
      name,
      (original) =>
        async function limited(...args) {
          const operate = () => original.apply(this, name === 'put' ? withoutStale(args) : args)
          const invocation = currentInvocation()
          if (!invocation) return operate()
          const close = await opened(invocation)
          try {
            return await arrived(operate() as Promise<unknown>)
          } finally {
            close()
          }
        },
    )
  }
}

function withoutStale([key, response]: readonly unknown[]): unknown[] {
  if (!(response instanceof Response)) return [key, response]
  const control = response.headers.get('cache-control')
  if (control === null) return [key, response]
  const stored = new Response(response.body, response)
  stored.headers.set('cache-control', control.replace(SERVED_STALE, '').replace(/,\s*$/, ''))
  return [key, stored]
}
