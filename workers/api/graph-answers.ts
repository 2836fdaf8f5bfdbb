import type {
  Answered,
  Common,
  Component,
  Degree,
  EntityName,
  Hop,
  Paths,
  Reached,
  Subgraph,
  Traversal,
} from '../../core/graph/engine.ts'
import type { RecordsAt } from '../../db/queries/records-at.ts'
import type { Queried } from '../operations/graph-queries.ts'

/** The answers of engines, as the API shows them. */

export function shownTraversal(
  { found, records }: Queried<Traversal>,
  shown: 'count' | 'ids' | 'entities' | 'records',
) {
  const { byDepth, ids, entities } = found
  const isListed = shown === 'entities' || shown === 'records'
  return {
    count: byDepth.reduce((sum, each) => sum + each, 0) - (byDepth[0] ?? 0),
    // Of a search that PostgreSQL had to give up before its first step.
    by_depth: byDepth.length === 0 ? [0] : byDepth,
    // What is undefined JSON leaves out.
    ids: shown === 'ids' ? ids : undefined,
    items: isListed ? entities.map((each) => shownReached(each, records)) : undefined,
    stopped: found.stopped,
    cost: shownCost(found),
  }
}

export function shownSubgraph({ found, records }: Queried<Subgraph>) {
  return {
    nodes: found.entities.map((each) => shownReached(each, records)),
    edges: found.edges.map(({ createdSeq, type, from, to }) => ({
      ...{ created_seq: createdSeq, type, from_id: from, to_id: to },
      ...shownRelationship(createdSeq, records),
    })),
    stopped: found.stopped,
    cost: shownCost(found),
  }
}

export function shownPaths({ found, records }: Queried<Paths>) {
  return {
    paths: found.paths.map(({ entities, hops, weight }) => ({
      length: hops.length,
      weight,
      entities: entities.map((entity) => shownEntity(entity, records)),
      hops: hops.map((hop) => shownHop(hop, records)),
    })),
    equally_short: found.equallyShort,
    stopped: found.stopped,
    cost: shownCost(found),
  }
}

export function shownComponent({ found }: Queried<Component>) {
  return { size: found.size, ids: found.ids, stopped: found.stopped, cost: shownCost(found) }
}

export function shownDegree({ found }: Queried<Degree>) {
  return {
    out: found.out,
    in: found.in,
    by_type: found.byType,
    stopped: found.stopped,
    cost: shownCost(found),
  }
}

export function shownCommon({ found, records }: Queried<Common>) {
  return {
    count: found.count,
    items: found.entities.map(({ via, ...entity }) => ({
      ...shownEntity(entity, records),
      via: via.map((hop) => shownHop(hop, records)),
    })),
    stopped: found.stopped,
    cost: shownCost(found),
  }
}

function shownReached({ depth, via, ...entity }: Reached, records: RecordsAt | null) {
  return {
    ...shownEntity(entity, records),
    depth,
    via: via && shownHop(via, records),
  }
}

function shownEntity({ id, type }: EntityName, records: RecordsAt | null) {
  return { id, type, ...(records && { entity: records.entities.get(id) ?? null }) }
}

function shownHop({ createdSeq, type, passed, from }: Hop, records: RecordsAt | null) {
  return {
    ...{ created_seq: createdSeq, type, direction: passed, from_id: from },
    ...shownRelationship(createdSeq, records),
  }
}

function shownRelationship(createdSeq: number, records: RecordsAt | null) {
  return records && { relationship: records.relationships.get(createdSeq) ?? null }
}

function shownCost({ cost }: Answered) {
  const { engine, seq, nodes, edges, maxEdges, ms } = cost
  return { engine, seq, nodes, edges, max_edges: maxEdges, ms }
}
