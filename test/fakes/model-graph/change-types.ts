import type { TypeDefinition } from '../../../core/log/records.ts'
import type {
  CommitAnswer,
  GraphRequest,
  OpDone,
  RefusalCode,
  TypeOp,
} from '../../../core/log/requests.ts'
import { TYPE_IN_USE } from '../../../core/log/requests.ts'
import type { StoredEvent, TypeImage } from '../../harness/graph-log/contents.ts'
import { earlierAnswer } from './commit-group.ts'
import { type ModelGraph, typeKey } from './model-graph.ts'

/** Changes the types of a request, as the SQL statement for it does (C5). */
export function changeTypes(graph: ModelGraph, request: GraphRequest, at: string): CommitAnswer {
  if (request.entities.length > 0 || request.relationships.length > 0) {
    throw new TypeError('a request changes either types or records')
  }
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
    .map((op) => change(graph, op, request, at))
  const { seq } = graph.row
  graph.row.schemaSeq = seq
  const answer = { status: 'committed', replayed: false, seq, historyId, results } as const
  const { commitId, fingerprint } = request
  graph.commits.set(commitId, { commit_id: commitId, fingerprint, answer, at })
  return answer
}

function verdict(
  graph: ModelGraph,
  { kind, name, after, onlyIfUnused }: TypeOp,
): RefusalCode | null {
  if (after === null && !graph.types.has(typeKey(kind, name))) return 'not_found'
  if (!onlyIfUnused) return null
  const records = [...(kind === 'entity' ? graph.entities : graph.relationships).all()]
  return records.some(({ type }) => type === name) ? TYPE_IN_USE : null
}

function change(
  graph: ModelGraph,
  { op, event, kind, name, after, startTasks, endTasks }: TypeOp,
  { actor, requestId, commitId }: GraphRequest,
  at: string,
): OpDone {
  const seq = graph.row.seq + 1
  graph.row.seq = seq
  const key = typeKey(kind, name)
  const former = graph.types.get(key)
  const created_at = former?.created_at ?? at
  const image = after && { ...after, kind, version: seq, created_at, updated_at: at }
  if (image) graph.types.set(key, { name, ...image })
  else graph.types.delete(key)
  for (const task of endTasks) graph.tasks.delete(`${key}:${task}`)
  for (const task of startTasks) {
    graph.tasks.set(`${key}:${task}`, { kind, name, task, since_seq: seq })
  }
  graph.events.push({
    ...{ seq, at, kind: event, type: name, before: former ? imageOf(former) : null, after: image },
    ...{ subject_id: null, external_id: null, from_id: null, to_id: null },
    ...{ actor, request_id: requestId, commit_id: commitId },
  } as StoredEvent)
  const outcome = image === null ? 'deleted' : former ? 'updated' : 'created'
  return { op, outcome, id: name, version: seq, createdAt: created_at, updatedAt: at }
}

function imageOf({ name: _name, ...image }: TypeDefinition): TypeImage {
  return image
}
