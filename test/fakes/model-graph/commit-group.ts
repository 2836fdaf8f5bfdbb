import { nameKey } from '../../../core/log/name-key.ts'
import type { CommitAnswer, GraphRequest, OpDone, OpResult } from '../../../core/log/requests.ts'
import { DatabaseError } from '../../../db/client.ts'
import { COMMIT_INCONSISTENT } from '../../../db/log-store.ts'
import { imageOf, type StoredEvent } from '../../harness/graph-log/contents.ts'
import { type Change, judge } from './judge.ts'
import type { ModelGraph } from './model-graph.ts'

type Numbered = { readonly change: Change; readonly seq: number }

/** `null`: what becomes of the request is still to be decided. */
export function earlierAnswer(graph: ModelGraph, request: GraphRequest): CommitAnswer | null {
  const first = graph.commits.get(request.commitId)
  if (first?.fingerprint === request.fingerprint) return { ...first.answer, replayed: true }
  if (first) return { status: 'fingerprint_mismatch' }
  const { schemaSeq } = graph.row
  return request.schemaSeq === schemaSeq ? null : { status: 'schema_moved', schemaSeq }
}

/**
 * Commits a group as the SQL statement does: every request is judged by the graph as it is, and then
 * all that was not refused is written. Returns the answers; the events are the graph's newest.
 */
export function commitGroup(
  graph: ModelGraph,
  group: readonly GraphRequest[],
  at: string,
): CommitAnswer[] {
  const judged = group.map((request) => {
    const earlier = earlierAnswer(graph, request)
    return {
      request,
      earlier,
      ...(earlier ? { changes: [], refusals: [] } : judge(graph, request)),
    }
  })
  const head = graph.row.seq
  let seq = head
  const written = new Set<string>()
  const plans = judged.map(({ request, earlier, changes, refusals }) => {
    const isRefused = request.atomic && refusals.length > 0
    const numbered = (isRefused ? [] : changes.toSorted(inOrder)).map((change): Numbered => {
      if (change.outcome !== 'unchanged') {
        seq += 1
        expectOnce(written, change)
      }
      return { change, seq }
    })
    return { request, earlier, isRefused, numbered, refusals }
  })
  return plans.map(({ request, earlier, isRefused, numbered, refusals }) => {
    if (earlier) return earlier
    if (isRefused) return { status: 'refused', seq: head, refusals: refusals.toSorted(byOp) }
    for (const each of numbered) apply(graph, each, request, at)
    const told = numbered.filter(({ change }) => change.phase !== 3)
    return remember(graph, request, at, {
      seq: told.reduce((latest, each) => Math.max(latest, each.seq), head),
      // What goes along with an entity is in no answer.
      results: [...told.map((each) => done(each, at)).sort(byOp), ...refusals.toSorted(byOp)],
    })
  })
}

function inOrder(a: Change, b: Change): number {
  return a.phase - b.phase || a.op - b.op || (a.id < b.id ? -1 : 1)
}

function byOp(a: { readonly op: number }, b: { readonly op: number }): number {
  return a.op - b.op
}

function expectOnce(written: Set<string>, { kind, id }: Change): void {
  if (written.has(kind + id)) {
    const options = { certain: true, sqlState: COMMIT_INCONSISTENT, cause: null }
    throw new DatabaseError('the commit would part the tables from the log', options)
  }
  written.add(kind + id)
}

function done({ change, seq }: Numbered, at: string): OpDone {
  const { op, outcome, id, current } = change
  const isUnchanged = outcome === 'unchanged'
  return {
    op,
    outcome,
    id,
    version: isUnchanged && current ? current.version : seq,
    createdAt: current?.created_at ?? at,
    updatedAt: isUnchanged && current ? current.updated_at : at,
  }
}

function remember(
  graph: ModelGraph,
  request: GraphRequest,
  at: string,
  { seq, results }: { readonly seq: number; readonly results: readonly OpResult[] },
): CommitAnswer {
  const { historyId } = graph.row
  const answer = { status: 'committed', replayed: false, seq, historyId, results } as const
  const { commitId, fingerprint } = request
  graph.commits.set(commitId, { commit_id: commitId, fingerprint, answer, at })
  return answer
}

function apply(
  graph: ModelGraph,
  { change, seq }: Numbered,
  request: GraphRequest,
  at: string,
): void {
  const { kind, outcome, id, type, externalId, current, ends, content } = change
  if (outcome === 'unchanged') return
  const head = {
    seq,
    at,
    subject_id: id,
    type,
    external_id: externalId,
    from_id: ends?.from ?? null,
    to_id: ends?.to ?? null,
    actor: request.actor,
    request_id: request.requestId,
    commit_id: request.commitId,
  }
  const before = current ? imageOf(current) : null
  graph.row.seq = seq
  const table = kind === 'entity' ? graph.entities : graph.relationships
  if (outcome === 'deleted') {
    table.delete(id)
    graph.events.push({ ...head, kind: `${kind}.${outcome}`, before, after: null } as StoredEvent)
    return
  }
  const times = { version: seq, created_at: current?.created_at ?? at, updated_at: at }
  const common = { id, type, external_id: externalId, properties: content.properties, ...times }
  const record = ends
    ? { ...common, from_id: ends.from, to_id: ends.to, created_seq: createdSeq(change, seq) }
    : { ...common, name: content.name, location: content.location, name_key: nameKey(content.name) }
  if ('from_id' in record) graph.relationships.set(record)
  else graph.entities.set(record)
  const after = imageOf(record)
  graph.events.push({ ...head, kind: `${kind}.${outcome}`, before, after } as StoredEvent)
}

function createdSeq({ current }: Change, seq: number): number {
  return current && 'created_seq' in current ? current.created_seq : seq
}
