/** Resources of a graph that may be named without one: they are the default graph's. */
const SHORT =
  /^\/api\/v1\/(entities|relationships|types|batch|changes|erasures|import|export|derived|traverse|paths|subgraph|common-neighbors)(?=\/|$)/

/** The path that is routed: short forms become the long ones that the API documents. */
export function routedPath(path: string): string {
  // Most paths are long already.
  if (path.startsWith('/api/v1/graphs/')) return path
  if (path === '/api/health') return '/health/ready'
  return path.replace(SHORT, '/api/v1/graphs/default/$1')
}
