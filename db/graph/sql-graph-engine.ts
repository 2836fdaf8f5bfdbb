import type { GraphEngine } from '../../core/graph/engine.ts'
import { common } from './common.ts'
import { degree } from './degree.ts'
import { paths } from './paths.ts'
import type { GraphSource } from './source.ts'
import { component, subgraph, traverse } from './traverse.ts'

/**
 * The engine that searches a graph where it is stored, for graphs that are too large to be held in memory.
 * Each request is one round trip. What needs the history besides the seq calls the operations themselves.
 */
export function sqlGraphEngine(source: GraphSource): GraphEngine {
  return {
    traverse: async (request) => (await traverse(source, request)).value,
    subgraph: async (request) => (await subgraph(source, request)).value,
    paths: async (request) => (await paths(source, request)).value,
    component: async (request) => (await component(source, request)).value,
    degree: async (request) => (await degree(source, request)).value,
    common: async (request) => (await common(source, request)).value,
  }
}
