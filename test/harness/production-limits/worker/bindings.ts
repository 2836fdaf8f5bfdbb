import { arrived } from './clock.ts'
import { currentInvocation } from './invocation.ts'

const limited = new WeakMap<object, unknown>()

/** The bindings of the worker, of which those of Durable Objects count the calls. */
export function limitedEnv<Env>(env: Env): Env {
  return once(env, (bindings) => {
    const entries = Object.entries(bindings).map(([name, binding]) => [
      name,
      limitedBinding(binding),
    ])
    return Object.fromEntries(entries)
  })
}

function limitedBinding(binding: unknown): unknown {
  const isNamespace = typeof binding === 'object' && binding !== null && 'getByName' in binding
  if (!isNamespace) return binding
  return new Proxy(binding, {
    get(namespace, name) {
      const method: unknown = Reflect.get(namespace, name)
      if (typeof method !== 'function') return method
      return (...args: unknown[]) => {
        const result: unknown = method.apply(namespace, args)
        return name === 'get' || name === 'getByName' ? limitedStub(result) : result
      }
    },
  })
}

function limitedStub(stub: unknown): unknown {
  return new Proxy(Object(stub), {
    get(target, name) {
      // What is no call: the id and the name of the object.
      if (typeof target[name] !== 'function') return target[name]
      return async (...args: unknown[]) => {
        currentInvocation()?.countSubrequest()
        return arrived(target[name](...args))
      }
    },
  })
}

/** The same answer for the same bindings: the worker may keep what it made of them by identity. */
function once<Key>(key: Key, make: (key: object) => unknown): Key {
  const object = Object(key)
  if (!limited.has(object)) limited.set(object, make(object))
  return limited.get(object) as Key
}
