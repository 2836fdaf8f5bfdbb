import { limitedEnv } from './bindings.ts'
import { Connections } from './connections.ts'
import { Invocation } from './invocation.ts'
import { limitStorage } from './storage.ts'

type Handler = (event: unknown, env: unknown, context: unknown) => unknown
type ObjectClass = new (context: DurableObjectState, env: unknown) => object

/** The handlers of a worker, each run of one an invocation. */
export function limitedHandlers(handlers: Readonly<Record<string, Handler>>) {
  return Object.fromEntries(
    Object.entries(handlers).map(([name, handle]): [string, Handler] => [
      name,
      (event, env, context) =>
        new Invocation().run(() => handle.call(handlers, event, limitedEnv(env), context)),
    ]),
  )
}

/** A Durable Object's class: all calls of an object share its connections, each may make its own. */
export function limitedObject(Original: ObjectClass): ObjectClass {
  const connections = new WeakMap<object, Connections>()
  const Limited = class extends Original {
    constructor(context: DurableObjectState, env: unknown) {
      super(context, limitedEnv(env))
      limitStorage(context.storage)
      connections.set(this, new Connections())
    }
  }
  for (const [name, method] of methodsOf(Original)) {
    Object.defineProperty(Limited.prototype, name, {
      value(this: object, ...args: unknown[]) {
        return new Invocation(connections.get(this)).run(() => method.apply(this, args))
      },
    })
  }
  return Limited
}

/** Those of the class and of those it extends, up to the platform's own. */
function methodsOf(Class: ObjectClass): Map<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>()
  let prototype = Class.prototype
  while (prototype && prototype.constructor.name !== 'DurableObject') {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      const isMethod = typeof value === 'function' && name !== 'constructor'
      if (isMethod && !methods.has(name)) methods.set(name, value)
    }
    prototype = Object.getPrototypeOf(prototype)
  }
  return methods
}
