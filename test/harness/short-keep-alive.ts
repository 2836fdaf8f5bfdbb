import { Agent, setGlobalDispatcher } from 'undici'

/**
 * How long `fetch` keeps a connection that nothing is sent over, in milliseconds. Servers close theirs
 * after 5 s (workerd's `pipelineTimeout`, `keepAliveTimeout` of Node.js), `fetch` by default after 4 to
 * 5: on a busy machine a request would now and then go out on a connection that is just being closed,
 * and fail.
 */
const KEEP_ALIVE_MS = 1_000

setGlobalDispatcher(
  new Agent({ keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS }),
)
