import { expect, it } from 'vitest'
import { shownTraversal } from '../../../workers/api/graph-answers.ts'

const cost = { engine: 'sql', seq: 7, nodes: 0, edges: 0, maxEdges: 10, ms: 1 } as const

it('a search that was given up before its first step has reached nothing, from depth 0 on', () => {
  const found = { byDepth: [], entities: [], ids: [], stopped: 'deadline', cost } as const
  expect(shownTraversal({ found, records: null }, 'count')).toMatchObject({
    count: 0,
    by_depth: [0],
  })
})

it('what was reached beside the starts is counted', () => {
  const found = { byDepth: [2, 3, 4], entities: [], ids: [], stopped: null, cost } as const
  const answer = JSON.parse(JSON.stringify(shownTraversal({ found, records: null }, 'count')))
  expect(answer).toEqual({
    ...{ count: 7, by_depth: [2, 3, 4], stopped: null },
    cost: { engine: 'sql', seq: 7, nodes: 0, edges: 0, max_edges: 10, ms: 1 },
  })
})
