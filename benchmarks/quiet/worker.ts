import type { LogHead } from '../../core/cache/log-view.ts'
import type { LogAddress } from '../../core/log/address.ts'
import { GraphLog as ShippedGraphLog } from '../../durable-objects/graph-log/object.ts'
import worker from '../../workers/index.ts'

/** As if its object were this far away from the worker. */
const DISTANCE_MS = 80

let calls = 0

/** The shipped object, farther away, and counting who asks it. */
export class GraphLog extends ShippedGraphLog {
  override async watermarks(log: LogAddress, since: number, atLeast: number): Promise<LogHead> {
    calls += 1
    await new Promise((resolve) => setTimeout(resolve, DISTANCE_MS))
    return super.watermarks(log, since, atLeast)
  }
}

/** The shipped worker; `/calls` tells how often an object was asked, since objects share this isolate. */
export default {
  fetch(request, env, ctx) {
    if (new URL(request.url).pathname === '/calls') return Response.json(calls)
    return worker.fetch(request, env, ctx)
  },
} satisfies ExportedHandler<Readonly<Record<string, unknown>>>
