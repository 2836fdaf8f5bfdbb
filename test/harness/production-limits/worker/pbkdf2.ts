import { replaceMethod } from './replace-method.ts'

/** What production computes at most; the local runtime takes any number. */
export const MAX_ITERATIONS = 100_000

export function limitPbkdf2(): void {
  for (const name of ['deriveBits', 'deriveKey']) {
    replaceMethod(
      SubtleCrypto.prototype,
      name,
      (original) =>
        async function limited(...args) {
          const iterations = iterationsOf(args[0])
          if (iterations > MAX_ITERATIONS) throw tooMany(iterations)
          return original.apply(this, args)
        },
    )
  }
}

function tooMany(iterations: number): DOMException {
  return new DOMException(
    `Pbkdf2 failed: iteration counts above ${MAX_ITERATIONS} are not supported ` +
      `(requested ${iterations}).`,
    'NotSupportedError',
  )
}

function iterationsOf(algorithm: unknown): number {
  if (typeof algorithm !== 'object' || algorithm === null) return 0
  const isPbkdf2 = /^pbkdf2$/i.test(String(Reflect.get(algorithm, 'name')))
  return isPbkdf2 ? Number(Reflect.get(algorithm, 'iterations')) : 0
}
