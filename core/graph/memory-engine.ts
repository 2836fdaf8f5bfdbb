import type { Now } from '../now.ts'
import { checkRequest } from './check-request.ts'
import { common } from './common.ts'
import { component } from './component.ts'
import { degree } from './degree.ts'
import type { GraphEngine } from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { paths } from './paths.ts'
import { subgraph } from './subgraph.ts'
import { traverse } from './traverse.ts'

/** The engine on typed arrays. Each search runs without giving way: what it answers is of one seq. */
export function memoryEngine(view: GraphView, now: Now): GraphEngine {
  const asked = <Request extends object, Answer>(
    search: (view: GraphView, request: Request, now: Now) => Answer,
  ) => {
    return async (request: Request): Promise<Answer> => {
      checkRequest(request)
      return search(view, request, now)
    }
  }
  return {
    traverse: asked(traverse),
    subgraph: asked(subgraph),
    paths: asked(paths),
    component: asked(component),
    degree: asked(degree),
    common: asked(common),
  }
}
