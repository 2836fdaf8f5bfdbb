import { replaceMethod } from './replace-method.ts'
import { storedBytes } from './stored-bytes.ts'

/** What a Durable Object stores in one value, key included, or passes to SQL in one parameter. */
export const MAX_VALUE_BYTES = 2 * 1024 * 1024

const limited = new WeakSet<object>()

/** The prototypes are found at the first object; the storage of all others has the same. */
export function limitStorage(storage: DurableObjectStorage): void {
  onPrototype(storage, 'put', checkPut)
  onPrototype(storage, 'transaction', ([closure]) => {
    const run = closure as (transaction: DurableObjectTransaction) => unknown
    return [
      (transaction: DurableObjectTransaction) => {
        onPrototype(transaction, 'put', checkPut)
        return run(transaction)
      },
    ]
  })
  onPrototype(storage.kv, 'put', checkPut)
  onPrototype(storage.sql, 'exec', ([statement, ...parameters]) => {
    if (parameters.some((parameter) => storedBytes(parameter) > MAX_VALUE_BYTES)) {
      throw new Error('string or blob too big: SQLITE_TOOBIG')
    }
    return [statement, ...parameters]
  })
}

/** Lets `check` see the arguments first, and replace them or throw. */
function onPrototype(object: object, name: string, check: (args: unknown[]) => unknown[]): void {
  const prototype: object = Object.getPrototypeOf(object)
  if (limited.has(Reflect.get(prototype, name))) return
  replaceMethod(prototype, name, (original) => {
    function checked(this: unknown, ...args: unknown[]) {
      return original.apply(this, check(args))
    }
    limited.add(checked)
    return checked
  })
}

function checkPut(args: unknown[]): unknown[] {
  const [first, value] = args
  const entries = typeof first === 'string' ? { [first]: value } : Object(first)
  for (const [key, stored] of Object.entries(entries)) {
    const bytes = storedBytes(key) + storedBytes(stored)
    if (bytes > MAX_VALUE_BYTES) {
      throw new RangeError(
        `Values cannot be larger than ${MAX_VALUE_BYTES} bytes. A value of size ${bytes} was provided.`,
      )
    }
  }
  return args
}
