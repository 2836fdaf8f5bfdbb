import { DurableObject } from 'cloudflare:workers'
import { Hono } from 'hono'

type Bindings = { readonly BODY: string; readonly EMPTY: DurableObjectNamespace<Empty> }

/** An object that does nothing: the least that asking one can cost. */
export class Empty extends DurableObject {
  ping(): number {
    return 1
  }
}

const app = new Hono<{ Bindings: Bindings }>()

app.get('/bare', (c) => c.body(c.env.BODY, 200, { 'content-type': 'application/json' }))

app.get('/object', async (c) => {
  const stub: unknown = c.env.EMPTY.getByName('empty')
  await (stub as { ping(): Promise<number> }).ping()
  return c.body(c.env.BODY, 200, { 'content-type': 'application/json' })
})

export default app
