import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Bounds, Filters, GraphEngine } from '../../../core/graph/engine.ts'
import { ENTITY_TYPES, RELATIONSHIP_TYPES, someGraph } from './graphs.arbitrary.ts'
import { engineOf, type PlainGraph, referenceOf } from './plain-graph.ts'

const RUNS = 1_000

const direction = fc.constantFrom('out', 'in', 'both')

/** Half of all requests filter by nothing: filters leave little of a small graph. */
function someFilters(graph: PlainGraph): fc.Arbitrary<Filters> {
  const filters = fc.record(
    {
      types: fc.subarray<string>([...RELATIONSHIP_TYPES, 'unheard-of'], { minLength: 1 }),
      entityTypes: fc.subarray<string>([...ENTITY_TYPES, 'unheard-of'], { minLength: 1 }),
      candidates: fc.subarray(graph.entities.map(({ id }) => id)),
    },
    { requiredKeys: [] },
  )
  return fc.oneof(fc.constant({}), filters)
}

const someBounds: fc.Arbitrary<Bounds> = fc.record(
  {
    maxEdges: fc.oneof(fc.nat({ max: 3 }), fc.nat({ max: 12 }), fc.constant(1_000)),
    onCap: fc.constantFrom('partial', 'error'),
  },
  { requiredKeys: [] },
)

type Fields = Record<string, fc.Arbitrary<unknown>>

/** A graph with at least one entity, and a request made for it; `optional` fields may be left out. */
function asked<T>(required: (id: fc.Arbitrary<string>) => Fields, optional: Fields) {
  return someGraph
    .filter(({ entities }) => entities.length > 0)
    .chain((graph) => {
      const id = fc.constantFrom(...graph.entities.map((entity) => entity.id))
      return fc
        .tuple(
          fc.record(required(id)),
          fc.record(optional, { requiredKeys: [] }),
          someFilters(graph),
          someBounds,
        )
        .map((parts) => ({ graph, request: Object.assign({}, ...parts) as T }))
    })
}

async function outcome(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof Error && 'code' in error) return error.code
    throw error
  }
}

type Operation = keyof GraphEngine

/** Both engines answer alike; `counts` what kinds of answers there were, so that none is missing. */
async function compared<O extends Operation>(
  operation: O,
  cases: fc.Arbitrary<{ graph: PlainGraph; request: Parameters<GraphEngine[O]>[0] }>,
): Promise<Map<unknown, number>> {
  const seen = new Map<unknown, number>()
  const property = fc.asyncProperty(cases, async ({ graph, request }) => {
    const ask = (engine: GraphEngine) => {
      const search = engine[operation].bind(engine) as (asked: object) => Promise<unknown>
      return outcome(search(request))
    }
    const answer = await ask(engineOf(graph))
    const kind = typeof answer === 'string' ? answer : (answer as { stopped: unknown }).stopped
    seen.set(kind, (seen.get(kind) ?? 0) + 1)
    expect(answer).toEqual(await ask(referenceOf(graph)))
  })
  await fc.assert(property, { numRuns: RUNS })
  return seen
}

const smallLimit = fc.oneof(fc.nat({ max: 4 }), fc.constant(1_000))

describe('the engine in memory answers as the contract read aloud does', () => {
  it('when it traverses', async () => {
    const cases = asked<Parameters<GraphEngine['traverse']>[0]>(
      (id) => ({ starts: fc.array(id, { minLength: 1, maxLength: 3 }) }),
      {
        direction,
        depth: fc.nat({ max: 10 }),
        limit: smallLimit,
        output: fc.constantFrom('entities', 'ids', 'count'),
      },
    )
    const seen = await compared('traverse', cases)
    for (const kind of [null, 'cost', 'limit', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })

  it('when it draws a neighbourhood', async () => {
    const cases = asked<Parameters<GraphEngine['subgraph']>[0]>(
      (id) => ({ starts: fc.array(id, { minLength: 1, maxLength: 2 }) }),
      { direction, depth: fc.nat({ max: 4 }), limit: smallLimit, edgeLimit: smallLimit },
    )
    const seen = await compared('subgraph', cases)
    for (const kind of [null, 'cost', 'limit', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })

  it('when it looks for the shortest path', async () => {
    const cases = asked<Parameters<GraphEngine['paths']>[0]>((id) => ({ from: id, to: id }), {
      direction,
      maxLength: fc.nat({ max: 20 }),
    })
    const seen = await compared('paths', cases)
    for (const kind of [null, 'cost', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })

  it('when it finds the component of an entity', async () => {
    const cases = asked<Parameters<GraphEngine['component']>[0]>((id) => ({ entity: id }), {
      limit: smallLimit,
    })
    const seen = await compared('component', cases)
    for (const kind of [null, 'cost', 'limit', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })

  it('when it counts the edges of an entity', async () => {
    const cases = asked<Parameters<GraphEngine['degree']>[0]>((id) => ({ entity: id }), {
      direction,
    })
    const seen = await compared('degree', cases)
    for (const kind of [null, 'cost', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })

  it('when it looks for what two entities have in common', async () => {
    const cases = asked<Parameters<GraphEngine['common']>[0]>(
      (id) => ({ entities: fc.tuple(id, id) }),
      { direction, limit: smallLimit },
    )
    const seen = await compared('common', cases)
    for (const kind of [null, 'cost', 'cost_exceeded']) {
      expect(seen.get(kind), `${kind}`).toBeGreaterThan(5)
    }
  })
})
