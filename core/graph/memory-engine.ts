import type { Now } from '../now.ts'
import { checkRequest } from './check-request.ts'
import { common } from './common.ts'
import { component } from './component.ts'
import { degree } from './degree.ts'
import type {
  Common,
  CommonRequest,
  Component,
  ComponentRequest,
  Degree,
  DegreeRequest,
  GraphEngine,
  Paths,
  PathsRequest,
  Subgraph,
  SubgraphRequest,
  Traversal,
  TraverseRequest,
} from './engine.ts'
import type { GraphView } from './graph-view.ts'
import { paths } from './paths.ts'
import { subgraph } from './subgraph.ts'
import { traverse } from './traverse.ts'

/** The engine on typed arrays. Each search runs without giving way: what it answers is of one seq. */
export class MemoryEngine implements GraphEngine {
  readonly #view: GraphView
  readonly #now: Now

  constructor(view: GraphView, now: Now) {
    this.#view = view
    this.#now = now
  }

  async traverse(request: TraverseRequest): Promise<Traversal> {
    checkRequest(request)
    return traverse(this.#view, request, this.#now)
  }

  async subgraph(request: SubgraphRequest): Promise<Subgraph> {
    checkRequest(request)
    return subgraph(this.#view, request, this.#now)
  }

  async paths(request: PathsRequest): Promise<Paths> {
    checkRequest(request)
    return paths(this.#view, request, this.#now)
  }

  async component(request: ComponentRequest): Promise<Component> {
    checkRequest(request)
    return component(this.#view, request, this.#now)
  }

  async degree(request: DegreeRequest): Promise<Degree> {
    checkRequest(request)
    return degree(this.#view, request, this.#now)
  }

  async common(request: CommonRequest): Promise<Common> {
    checkRequest(request)
    return common(this.#view, request, this.#now)
  }
}
