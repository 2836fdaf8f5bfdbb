export type Method = (this: unknown, ...args: unknown[]) => unknown

/** Puts another method in the place of one of `owner`, which is an instance, a prototype or a class. */
export function replaceMethod(
  owner: object,
  name: string,
  replace: (original: Method) => Method,
): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function') throw new Error(`the runtime has no ${name} any more`)
  Reflect.set(owner, name, replace(original as Method))
}
