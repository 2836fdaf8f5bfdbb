import { expect } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import type { Answered, GraphEngine, Paths } from '../../../core/graph/engine.ts'
import type { Asked } from './random-request.ts'

type Outcome =
  | { readonly answer: Answered }
  | { readonly refused: string; readonly pointers: string[] }

/** What an engine says to a request, its refusals included. */
export async function ask(engine: GraphEngine, asked: Asked): Promise<Outcome> {
  try {
    return { answer: await answerOf(engine, asked) }
  } catch (error) {
    if (!isAppError(error)) throw error
    const { code, detail } = error
    if (code === 'cost_exceeded') {
      expect(detail.estimatedEdges).toBeGreaterThan(asked[1].maxEdges ?? Number.POSITIVE_INFINITY)
    }
    return { refused: code, pointers: (detail.errors ?? []).map(({ pointer }) => pointer) }
  }
}

function answerOf(engine: GraphEngine, [operation, request]: Asked): Promise<Answered> {
  switch (operation) {
    case 'traverse':
      return engine.traverse(request)
    case 'subgraph':
      return engine.subgraph(request)
    case 'paths':
      return engine.paths(request)
    case 'component':
      return engine.component(request)
    case 'degree':
      return engine.degree(request)
    case 'common':
      return engine.common(request)
  }
}

/** Fails unless the engine says what the reference says, as far as the contract promises it. */
export async function expectSame(
  engine: GraphEngine,
  reference: GraphEngine,
  asked: Asked,
): Promise<Outcome> {
  const said = await ask(engine, asked)
  const [operation, request] = asked
  const hasOwnCost = operation === 'paths' && ((request.k ?? 1) > 1 || request.weighted === true)
  const isRefused = 'refused' in said && said.refused === 'cost_exceeded'
  if (!hasOwnCost) {
    expect(withoutEngine(said)).toEqual(withoutEngine(await ask(reference, asked)))
  } else if (isRefused) {
    expect(request.onCap).toBe('error')
  } else if ('answer' in said) {
    const { maxEdges: _, ...unbounded } = request
    const whole = (await reference.paths({ ...unbounded, from: request.from })) as Paths
    const answer = said.answer as Paths
    const shown = answer.stopped === null ? whole.paths : whole.paths.slice(0, answer.paths.length)
    expect(answer.paths).toEqual(shown)
    expect(answer.cost.edges).toBeLessThanOrEqual(request.maxEdges ?? Number.POSITIVE_INFINITY)
    if (answer.stopped === null) expect(answer.equallyShort).toBe(whole.equallyShort)
    else expect(answer.stopped).toBe('cost')
  }
  return said
}

/** An outcome without what engines differ in. */
function withoutEngine(outcome: Outcome): unknown {
  if (!('answer' in outcome)) return outcome
  const { engine: _, ms: __, ...cost } = outcome.answer.cost
  return { ...outcome.answer, cost }
}
