/** Resources of a graph that may be named without one: they are the default graph's. */
const SHORT = [
  ...['entities', 'relationships', 'types', 'batch', 'changes', 'erasures', 'import', 'export'],
  ...['derived', 'traverse', 'paths', 'subgraph', 'common-neighbors', 'pagerank', 'components'],
]
const SHORT_PATH = new RegExp(`^/api/v1/(${SHORT.join('|')})(?=/|$)`)

/** The path that is routed: short forms become the long ones that the API documents. */
export function routedPath(path: string): string {
  if (path === '/api/health') return '/health/ready'
  return path.replace(SHORT_PATH, '/api/v1/graphs/default/$1')
}
