import { limitCaches } from './cache.ts'
import { freezeClock } from './clock.ts'
import { keepInvocationInStreams } from './invocation.ts'
import { limitFetch } from './outgoing.ts'
import { limitPbkdf2 } from './pbkdf2.ts'

// For its effect: imported before the worker, which may remember a global in its own first lines.
freezeClock()
keepInvocationInStreams()
limitFetch()
limitCaches()
limitPbkdf2()
