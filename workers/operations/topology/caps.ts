import { DEFAULT_MAX_EDGES } from '../../../core/graph/engine.ts'

/** What one query of a tenant may cost; there is one plan so far, and these are its numbers. */
export const PLAN_CAPS = {
  /** Edges that one query may look at: some 100 ms of an isolate's time. */
  maxEdges: 5_000_000,
  defaultMaxEdges: DEFAULT_MAX_EDGES,
  /** How long one query may take in PostgreSQL. */
  deadlineMs: 8_000,
} as const
