import { type RouteConfig, z } from '@hono/zod-openapi'
import type { Context as HonoContext } from 'hono'
import { LRUCache } from 'lru-cache'
import { PLAIN_GET } from '../../core/cache/lru.ts'
import { type FieldError, invalid } from '../../core/errors.ts'
import { escapedKey } from '../../core/json-problems.ts'
import type { AppEnv } from './context.ts'

type C = HonoContext<AppEnv>
/** Paths of one route whose parameters are remembered: some hundred bytes each. */
const MAX_PATHS = 500

type Target = 'query' | 'param' | 'header' | 'json'

/**
 * Checks the query, path and headers of a request against the schemas of its route and keeps what
 * `c.req.valid` gives. Throws `invalid`. The library's own validators do the same in a middleware for
 * each part, which costs a read more than all else it does.
 */
export function requestValidator({ request = {} }: RouteConfig): (c: C) => void {
  const { query, params, headers } = request
  const queryOfNone = query?.safeParse({})
  // The same records are read again and again, and what a path says never changes.
  const paths = new LRUCache<string, object>({ max: MAX_PATHS })
  return (c) => {
    if (query) {
      const isEmpty = queryOfNone?.success && !c.req.url.includes('?')
      keep(c, 'query', isEmpty ? queryOfNone : query.safeParse(queryOf(c)))
    }
    if (params) {
      let known = paths.get(c.req.path, PLAIN_GET)
      if (known === undefined) {
        known = checked(params.safeParse(c.req.param()), 'param')
        paths.set(c.req.path, known)
      }
      c.req.addValidatedData('param', known)
    }
    if (headers instanceof z.ZodObject) keep(c, 'header', headers.safeParse(c.req.header()))
  }
}

/** The same for a JSON body; one of another kind the route reads itself. */
export function validateBody(c: C, { request }: RouteConfig, body: unknown): void {
  const content = request?.body?.content['application/json']
  if (content && 'schema' in content && content.schema instanceof z.ZodType) {
    keep(c, 'json', content.schema.safeParse(body))
  }
}

function keep(c: C, target: Target, result: z.ZodSafeParseResult<unknown>): void {
  c.req.addValidatedData(target, checked(result, target))
}

function checked(result: z.ZodSafeParseResult<unknown>, target: Target): object {
  if (!result.success) throw invalid(invalidFields(result.error, target))
  return result.data as object
}

/** A parameter that is repeated is a list, which no schema here takes. */
function queryOf(c: C): Record<string, string | string[] | undefined> {
  return Object.fromEntries(
    Object.entries(c.req.queries()).map(([name, values]) => [
      name,
      values.length === 1 ? values[0] : values,
    ]),
  )
}

/** zod's issues as fields: JSON pointers into a body, names of parameters elsewhere. */
export function invalidFields(error: z.ZodError, target: string): FieldError[] {
  return error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => String(part))
    const pointer =
      target === 'json' ? path.map((part) => `/${escapedKey(part)}`).join('') : path.join('.')
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({
          pointer: `${pointer}/${escapedKey(key)}`,
          message: 'is not a known field',
        }))
      : [{ pointer, message: issue.message }]
  })
}
