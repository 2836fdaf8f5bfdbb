import { sql } from 'drizzle-orm'
import { invalid, notFound } from '../../core/errors.ts'
import { checkRequest } from '../../core/graph/check-request.ts'
import {
  DEFAULT_PATH_LENGTH,
  type Hop,
  type Path,
  type Paths,
  type PathsRequest,
  type Stopped,
} from '../../core/graph/engine.ts'
import type { ReadAt } from '../queries/entities.ts'
import { checkPassing, textsOf, uuidOf, withFilter } from './filters.ts'
import { costOf, type GraphSource, maxEdgesOf, search, waysOf } from './source.ts'

export async function paths(source: GraphSource, request: PathsRequest): Promise<ReadAt<Paths>> {
  checkRequest(request)
  const { from, to, direction = 'out', k = 1, weighted = false } = request
  const { maxLength = DEFAULT_PATH_LENGTH } = request
  const { weightPath } = source
  if (weighted && weightPath === null) {
    throw invalid([{ pointer: '/weighted', message: 'needs a property that weighs the edges' }])
  }
  const weight = weighted && weightPath ? textsOf(weightPath) : sql`null::text[]`
  const [start, goal] = [uuidOf(from), uuidOf(to)]
  const searched = await search(
    source,
    request,
    (maxMs) => sql`${withFilter(source, request)}
      select t.*, f.passing from filter f, tendril_paths(${source.graph.graphId}::uuid, ${start},
        ${goal}, ${waysOf(direction)}, ${textsOf(request.types)}, f.entity_types, f.candidates,
        ${k}::int, ${weight}, ${maxLength}::int, ${maxEdgesOf(request)}, ${maxMs}::float8) t`,
  )
  const { row, seq, historyId } = searched
  checkPassing(row)
  if (typeof row?.missing === 'string') throw notFound(`entity ${row.missing}`)
  const stopped = row ? (row.stopped as Stopped | null) : 'deadline'
  const found = { stopped, nodes: Number(row?.reached ?? 0), edges: Number(row?.edges ?? 0) }
  const value: Paths = {
    stopped,
    paths: ((row?.paths ?? []) as readonly PathRow[]).map(pathOf),
    equallyShort: weighted ? null : Number(row?.equally_short ?? 0),
    cost: costOf(request, searched, found),
  }
  return { value, seq, historyId }
}

type PathRow = {
  /** As text: JSON has no infinity. */
  readonly weight: string | null
  readonly entities: readonly (readonly [id: string, type: string])[]
  readonly hops: readonly (readonly [createdSeq: number, type: string, isIn: boolean])[] | null
}

function pathOf({ weight, entities, hops }: PathRow): Path {
  return {
    entities: entities.map(([id, type]) => ({ id, type })),
    hops: (hops ?? []).map(([createdSeq, type, isIn], i): Hop => {
      return { createdSeq, type, passed: isIn ? 'in' : 'out', from: entities[i]?.[0] ?? '' }
    }),
    weight: weight === null ? null : Number(weight),
  }
}
