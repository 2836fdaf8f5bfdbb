import { notFound } from '../errors.ts'
import type { EntityName, Hop } from './engine.ts'
import type { GraphView } from './graph-view.ts'

/** The node of an entity that a request names. Throws `not_found`. */
export function nodeNamed(view: GraphView, id: string): number {
  const node = view.find(id)
  if (node < 0) throw notFound(`entity ${id}`)
  return node
}

export function nameOf(view: GraphView, node: number): EntityName {
  return { id: view.idOf(node), type: view.typeOf(node) }
}

/** `from`: the entity left by the edge. */
export function hopOf(view: GraphView, edge: number, isIn: boolean, from: string): Hop {
  return {
    createdSeq: view.seqOf(edge),
    type: view.edgeTypeOf(edge),
    passed: isIn ? 'in' : 'out',
    from,
  }
}
