import { type SQL, sql } from 'drizzle-orm'
import { AppError } from '../../core/errors.ts'
import {
  type Bounds,
  type Cost,
  DEFAULT_MAX_EDGES,
  type Direction,
  type Stopped,
} from '../../core/graph/engine.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import type { Now } from '../../core/now.ts'
import type { IndexPlan } from '../../core/types/index-plan.ts'
import { type Database, DatabaseError, type Row } from '../client.ts'
import { readGraph, type Snapshot } from '../queries/snapshot.ts'

/** A graph that is searched where it is stored. */
export type GraphSource = {
  readonly shard: Database
  readonly graph: GraphAddress
  readonly now: Now
  /** The property of relationships that weighs their edges; `null`: none does. */
  readonly weightPath: readonly string[] | null
  /**
   * Binds the entities that are entered, besides the filters of the requests: conditions as lists of
   * entities have them, and the plan that says which declared indexes serve them. Decided in the same
   * snapshot as the search. Its order and its page do not count.
   */
  readonly where: { readonly query: ListQuery; readonly plan: IndexPlan } | null
  /** Told of the snapshot that an answer is from, before there is one. */
  readonly onRead?: (at: Omit<Snapshot, 'results'>) => void
}

/** Longest time of a search: less than a batch may take, so that what was found is still answered. */
export const MAX_SEARCH_MS = 8_000

/** What a search may exceed its time by while it reads a level. */
const GRACE_MS = 250

const QUERY_CANCELED = '57014'

/** The row that a search answered with, and the seq and history it was read at. */
export type Searched = {
  /** `null`: time was up before there was anything to answer. */
  readonly row: Row | null
  readonly seq: number
  readonly historyId: string
  readonly ms: number
}

/** Runs a statement that answers with one row; `statement` is told how many milliseconds it has. */
export async function search(
  { shard, graph, now, onRead }: GraphSource,
  { deadlineAtMs }: Bounds,
  statement: (maxMs: number) => SQL,
): Promise<Searched> {
  const startedAt = now()
  const maxMs = Math.min((deadlineAtMs ?? Number.POSITIVE_INFINITY) - startedAt, MAX_SEARCH_MS)
  const timeout = sql`select set_config('statement_timeout', ${String(Math.ceil(Math.max(maxMs, 0) + GRACE_MS))}, true)`
  const read = (statements: readonly SQL[]) => readGraph(shard, graph, statements)
  try {
    const { results, ...at } = await read([timeout, statement(maxMs)])
    onRead?.(at)
    const { seq, historyId } = at
    return { row: results[1]?.[0] ?? null, seq, historyId, ms: now() - startedAt }
  } catch (error) {
    if (!isCanceled(error)) throw error
    const { results: _, ...at } = await read([])
    onRead?.(at)
    const { seq, historyId } = at
    return { row: null, seq, historyId, ms: now() - startedAt }
  }
}

function isCanceled(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : error
  return cause instanceof DatabaseError && cause.sqlState === QUERY_CANCELED
}

/** The cost of an answer; throws `cost_exceeded` where the request wants that. */
export function costOf(
  { maxEdges = DEFAULT_MAX_EDGES, onCap }: Bounds,
  { seq, ms }: Searched,
  found: { readonly nodes: number; readonly edges: number; readonly stopped: Stopped | null },
): Cost {
  const { nodes, edges, stopped } = found
  if (onCap === 'error' && (stopped === 'cost' || stopped === 'deadline')) {
    const estimatedEdges = edges + 1
    const reason =
      stopped === 'cost'
        ? `would look at more than ${maxEdges} edges`
        : `ran out of time after ${edges} edges`
    throw new AppError('cost_exceeded', `the query ${reason}`, { estimatedEdges })
  }
  return { engine: 'sql', seq, nodes, edges, maxEdges, ms }
}

/** Whether searches in this direction follow edges forwards, and backwards, as two arguments. */
export function waysOf(direction: Direction): SQL {
  return sql`${direction !== 'in'}::boolean, ${direction !== 'out'}::boolean`
}

export function maxEdgesOf({ maxEdges = DEFAULT_MAX_EDGES }: Bounds): SQL {
  return sql`${maxEdges}::bigint`
}

/** What reading edges up to one more than may be looked at came to; `undefined`: time was up. */
export function lookedAt(
  { maxEdges = DEFAULT_MAX_EDGES }: Bounds,
  looked: unknown,
): { readonly edges: number; readonly stopped: 'cost' | 'deadline' | null } {
  if (looked === undefined) return { edges: 0, stopped: 'deadline' }
  const edges = Number(looked)
  return { edges: Math.min(edges, maxEdges), stopped: edges > maxEdges ? 'cost' : null }
}
