type Route = { readonly method: string; readonly path: string }

/** Which methods each path takes: the router only tells whether a method and path fit together. */
export class RouteTable {
  readonly #routes: readonly { readonly method: string; readonly pattern: RegExp }[]

  constructor(routes: readonly Route[]) {
    this.#routes = routes
      .filter(({ method }) => method !== 'ALL')
      .map(({ method, path }) => ({ method, pattern: patternOf(path) }))
  }

  /** Methods in alphabetical order; `GET` implies `HEAD`. Empty: no such path. */
  methodsOf(path: string): string[] {
    const methods = this.#routes.filter(({ pattern }) => pattern.test(path)).map((r) => r.method)
    return [
      ...new Set(methods.flatMap((each) => (each === 'GET' ? ['GET', 'HEAD'] : [each]))),
    ].sort()
  }
}

function patternOf(path: string): RegExp {
  const source = path
    .split('/')
    .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
    .join('/')
  return new RegExp(`^${source}$`)
}
