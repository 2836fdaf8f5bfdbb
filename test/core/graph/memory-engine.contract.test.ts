import { describe } from 'vitest'
import { graphEngineContract } from '../../contracts/graph-engine.contract.ts'
import { engineOf } from './plain-graph.ts'

const REQUESTS_PER_GRAPH = 300

describe('the graph engine in memory', () => {
  graphEngineContract(
    async ({ seq, entities, edges }) => engineOf({ seq, entities, relationships: edges }),
    REQUESTS_PER_GRAPH,
  )
})
