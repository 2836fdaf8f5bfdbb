import type { JsonObject } from '../../core/json.ts'
import type { QueryInput } from '../operations/graph-queries.ts'
import { PLAN_CAPS } from '../operations/topology/caps.ts'
import type { EntityRef } from '../operations/topology/entity-ids.ts'
import { parseWhere } from './graph-where.ts'

/** What the bodies of queries have in common. */
type QueryBody = {
  readonly direction?: 'out' | 'in' | 'both' | undefined
  readonly relationship_types?: readonly string[] | undefined
  readonly entity_types?: readonly string[] | undefined
  readonly where?: JsonObject | undefined
  readonly return?: 'count' | 'ids' | 'entities' | 'records' | undefined
  readonly limit?: number | undefined
  readonly depth?: number | undefined
  readonly max_cost?: number | undefined
  readonly on_cap?: 'partial' | 'error' | undefined
}

/**
 * What an engine is asked, as far as the body says it: for what is undefined its own defaults hold. `own` is
 * what only this query has. Throws `invalid` for a wrong filter.
 */
export function queryOf<Own extends object>(
  body: QueryBody,
  names: readonly EntityRef[],
  own: Own,
): Omit<QueryInput<unknown>, 'request'> & { readonly request: RequestOf & Own } {
  const { direction, relationship_types: types, entity_types: entityTypes } = body
  const { limit, depth, on_cap: onCap, max_cost: maxEdges = PLAN_CAPS.defaultMaxEdges } = body
  return {
    names,
    where: parseWhere(body.where),
    withRecords: body.return === 'records',
    request: { maxEdges, direction, types, entityTypes, limit, depth, onCap, ...own },
  }
}

type RequestOf = {
  readonly maxEdges: number
  readonly direction: QueryBody['direction']
  readonly types: readonly string[] | undefined
  readonly entityTypes: readonly string[] | undefined
  readonly limit: number | undefined
  readonly depth: number | undefined
  readonly onCap: QueryBody['on_cap']
}

/** First those named by id, then the others. */
export function namesOf({
  ids = [],
  external_ids: externalIds = [],
}: {
  readonly ids?: readonly string[] | undefined
  readonly external_ids?: readonly string[] | undefined
}): EntityRef[] {
  return [...ids.map((id) => ({ id })), ...externalIds.map((externalId) => ({ externalId }))]
}
