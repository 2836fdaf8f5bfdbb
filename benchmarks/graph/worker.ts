import { GraphView } from '../../core/graph/graph-view.ts'
import { paths } from '../../core/graph/paths.ts'
import { openTopology } from '../../core/graph/topology.ts'
import { traverse } from '../../core/graph/traverse.ts'

let view: GraphView | null = null

/** The least that a search over HTTP can cost: the algorithm on the typed arrays, and JSON around it. */
export default {
  async fetch(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    if (pathname === '/topology') {
      view = new GraphView(openTopology(await request.arrayBuffer()))
      return new Response(null, { status: 204 })
    }
    if (view === null) return new Response('no topology', { status: 503 })
    return Response.json(search(view, pathname, (await request.json()) as Asked))
  },
}

type Asked = {
  readonly ids: readonly string[]
  readonly depth: number
  readonly return: 'count' | 'ids'
  readonly limit?: number
  readonly from_id: string
  readonly to_id: string
}

const maxEdges = 5_000_000

function search(graph: GraphView, pathname: string, asked: Asked): unknown {
  const { ids: starts, depth, limit = 0, from_id: from, to_id: to, return: output } = asked
  if (pathname === '/paths') {
    const { paths: found } = paths(graph, { from, to, maxEdges }, Date.now)
    return { paths: found.map(({ entities, hops }) => ({ entities, hops })) }
  }
  const found = traverse(graph, { starts, depth, output, limit, maxEdges }, Date.now)
  return output === 'count' ? { by_depth: found.byDepth } : { ids: found.ids }
}
