import type {
  CommitAnswer,
  GraphRequest,
  OpDone,
  RefusalCode,
  TypeOp,
} from '../../../core/log/requests.ts'
import { earlierAnswer } from './commit-group.ts'
import { type ModelGraph, typeKey } from './model-graph.ts'

/** Defines the types of a request, as the SQL statement for it does (C5). */
export function defineTypes(graph: ModelGraph, request: GraphRequest, at: string): CommitAnswer {
  const earlier = earlierAnswer(graph, request)
  if (earlier) return earlier
  const { seq: head, historyId } = graph.row
  const refusals = request.types.flatMap((op) => {
    const refused = verdict(graph, op)
    return refused === null ? [] : [{ op: op.op, refused }]
  })
  if (refusals.length > 0) return { status: 'refused', seq: head, refusals }
  const results = request.types
    .toSorted((a, b) => a.op - b.op)
    .map((op) => define(graph, op, request, at))
  const { seq } = graph.row
  graph.row.schemaSeq = seq
  const answer = { status: 'committed', replayed: false, seq, historyId, results } as const
  const { commitId, fingerprint } = request
  graph.commits.set(commitId, { commit_id: commitId, fingerprint, answer, at })
  return answer
}

function verdict(graph: ModelGraph, { kind, name }: TypeOp): RefusalCode | null {
  if (graph.types.has(typeKey(kind, name))) return 'type_exists'
  const records = [...(kind === 'entity' ? graph.entities : graph.relationships).all()]
  return records.some(({ type }) => type === name) ? 'type_in_use' : null
}

function define(
  graph: ModelGraph,
  { op, kind, name, jsonSchema }: TypeOp,
  { actor, requestId, commitId }: GraphRequest,
  at: string,
): OpDone {
  const seq = graph.row.seq + 1
  graph.row.seq = seq
  const times = { created_at: at, updated_at: at }
  const image = { kind, json_schema: jsonSchema, version: seq, ...times }
  graph.types.set(typeKey(kind, name), { name, ...image })
  const nothing = { subject_id: null, external_id: null, from_id: null, to_id: null }
  const origin = { actor, request_id: requestId, commit_id: commitId }
  graph.events.push({
    ...{ seq, at, kind: 'type.defined', type: name, before: null, after: image },
    ...nothing,
    ...origin,
  })
  return { op, outcome: 'created', id: name, version: seq, createdAt: at, updatedAt: at }
}
