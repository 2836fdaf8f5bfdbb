import { isDeepStrictEqual } from 'node:util'
import { type Content, MAX_CASCADE } from '../../../core/log/commands.ts'
import type {
  EndRef,
  EntityOp,
  GraphRequest,
  OpRefused,
  RefusalCode,
  RelationshipOp,
} from '../../../core/log/requests.ts'
import type { StoredEntity, StoredRelationship } from '../../harness/graph-log/contents.ts'
import type { ModelGraph } from './model-graph.ts'

/** One record that a request writes: how it was found, and what it shall hold. */
export type Change = {
  readonly op: number
  /** Operations are done in this order: entities, relationships, what goes along, entities that go. */
  readonly phase: 1 | 2 | 3 | 4
  readonly id: string
  readonly outcome: 'created' | 'updated' | 'unchanged' | 'deleted'
  readonly type: string
  readonly externalId: string | null
  readonly content: Content
} & (
  | { readonly kind: 'entity'; readonly current: StoredEntity | undefined; readonly ends: null }
  | {
      readonly kind: 'relationship'
      readonly current: StoredRelationship | undefined
      readonly ends: { readonly from: string; readonly to: string }
    }
)

export type Judged = { readonly changes: readonly Change[]; readonly refusals: OpRefused[] }

type Verdict = RefusalCode | null
type FoundEntity = { op: EntityOp; current: StoredEntity | undefined; verdict: Verdict }

const EMPTY: Content = { name: null, location: null, properties: {} }

/** What becomes of each operation of a request, all judged by the graph as it is now. */
export function judge(graph: ModelGraph, request: GraphRequest): Judged {
  const entities = request.entities.map((op): FoundEntity => {
    const current = find(graph.entities, op)
    return { op, current, verdict: entityVerdict(op, current) }
  })
  const cascade = cascadeOf(graph, entities)
  const refusals: OpRefused[] = []
  const changes: Change[] = []
  for (const { op, current, verdict } of entities) {
    if (verdict !== null) refusals.push(refusal(op.op, verdict, current))
    else changes.push(entityChange(op, current))
  }
  const named = new Set<string>()
  for (const op of request.relationships) {
    const current = find(graph.relationships, op)
    const ends = 'from' in op ? endsOf(graph, op, entities) : null
    const verdict = relationshipVerdict(op, current, ends, entities)
    if (verdict !== null) refusals.push(refusal(op.op, verdict, current))
    else {
      changes.push(relationshipChange(op, current, ends))
      if (current) named.add(current.id)
    }
  }
  const isGoing = (op: number) => entities.some((each) => each.op.op === op && !each.verdict)
  for (const { op, current } of cascade) {
    if (!named.has(current.id) && isGoing(op)) changes.push(cascadeChange(op, current))
  }
  return { changes, refusals }
}

function find<R>(
  table: { get(id: string): R | undefined; named(externalId: string): R | undefined },
  { id, externalId, action }: EntityOp | RelationshipOp,
): R | undefined {
  const goesByName = id === null || action === 'create' || action === 'upsert'
  const named = externalId !== null && goesByName ? table.named(externalId) : undefined
  return named ?? (id === null ? undefined : table.get(id))
}

function entityVerdict(op: EntityOp, current: StoredEntity | undefined): Verdict {
  return nameVerdict(op, current) ?? typeVerdict(op, current) ?? versionVerdict(op, current)
}

function nameVerdict(
  op: EntityOp | RelationshipOp,
  current: StoredEntity | StoredRelationship | undefined,
): Verdict {
  if (!current) return op.action === 'update' || op.action === 'delete' ? 'not_found' : null
  if (op.action === 'create') return current.id === op.id ? 'id_taken' : 'external_id_taken'
  const isOther = op.externalId !== null && current.external_id !== op.externalId
  return op.action === 'upsert' && isOther ? 'id_taken' : null
}

function typeVerdict(
  op: EntityOp | RelationshipOp,
  current: StoredEntity | StoredRelationship | undefined,
): Verdict {
  return op.action === 'upsert' && current && current.type !== op.type ? 'type_mismatch' : null
}

function versionVerdict(
  op: EntityOp | RelationshipOp,
  current: StoredEntity | StoredRelationship | undefined,
): Verdict {
  const expected = 'expectedVersion' in op ? op.expectedVersion : null
  return expected !== null && current?.version !== expected ? 'version_mismatch' : null
}

type Ends = { readonly from: string | undefined; readonly to: string | undefined }

function endsOf(
  graph: ModelGraph,
  op: Extract<RelationshipOp, { from: EndRef }>,
  entities: readonly FoundEntity[],
): Ends {
  const idOf = (end: EndRef): string | undefined => {
    if ('id' in end) return graph.entities.get(end.id)?.id
    if ('externalId' in end) return graph.entities.named(end.externalId)?.id
    const writer = entities.find((each) => each.op.op === end.op && each.verdict === null)
    return writer && (writer.current?.id ?? writer.op.id ?? undefined)
  }
  return { from: idOf(op.from), to: idOf(op.to) }
}

function relationshipVerdict(
  op: RelationshipOp,
  current: StoredRelationship | undefined,
  ends: Ends | null,
  entities: readonly FoundEntity[],
): Verdict {
  const isGone = (id: string | undefined): boolean =>
    entities.some(
      (each) => each.op.action === 'delete' && each.verdict === null && each.current?.id === id,
    )
  const early = nameVerdict(op, current) ?? versionVerdict(op, current) ?? typeVerdict(op, current)
  if (early !== null) return early
  if (ends) {
    if (ends.from === undefined || isGone(ends.from)) return 'from_not_found'
    if (ends.to === undefined || isGone(ends.to)) return 'to_not_found'
    const isMoved = current && (current.from_id !== ends.from || current.to_id !== ends.to)
    return isMoved ? 'ends_mismatch' : null
  }
  if (op.action === 'update' && isGone(current?.from_id)) return 'from_not_found'
  return op.action === 'update' && isGone(current?.to_id) ? 'to_not_found' : null
}

type Going = { readonly op: number; readonly current: StoredRelationship }

/** The relationships that go with the entities a request deletes (C6), each with the first of them. */
function cascadeOf(graph: ModelGraph, entities: readonly FoundEntity[]): Going[] {
  const going = new Map<string, Going>()
  const doomed = entities
    .filter(({ op, current, verdict }) => op.action === 'delete' && current && verdict === null)
    .sort((a, b) => a.op.op - b.op.op)
  for (const each of doomed) {
    const attached = [...graph.relationships.idsAt(each.current?.id ?? '')]
    const isHub = attached.length > MAX_CASCADE
    if (!isHub) {
      for (const id of attached) {
        const current = graph.relationships.get(id)
        if (current && !going.has(id)) going.set(id, { op: each.op.op, current })
      }
    }
    const isTooMany = isHub || (attached.length > 0 && going.size > MAX_CASCADE)
    if (isTooMany) each.verdict = 'too_many_relationships'
  }
  const refused = new Set(doomed.flatMap(({ op, verdict }) => (verdict === null ? [] : [op.op])))
  return [...going.values()].filter(({ op }) => !refused.has(op))
}

function entityChange(op: EntityOp, current: StoredEntity | undefined): Change {
  const content = 'content' in op ? normal(op.content) : EMPTY
  return {
    kind: 'entity',
    op: op.op,
    phase: op.action === 'delete' ? 4 : 1,
    id: current?.id ?? op.id ?? '',
    outcome: outcomeOf(op, current, content),
    type: current?.type ?? ('type' in op ? op.type : ''),
    externalId: current ? current.external_id : op.externalId,
    content,
    current,
    ends: null,
  }
}

function relationshipChange(
  op: RelationshipOp,
  current: StoredRelationship | undefined,
  ends: Ends | null,
): Change {
  const { properties } = 'content' in op ? normal(op.content) : EMPTY
  const content = { ...EMPTY, properties }
  return {
    kind: 'relationship',
    op: op.op,
    phase: 2,
    id: current?.id ?? op.id ?? '',
    outcome: outcomeOf(op, current, content),
    type: current?.type ?? ('type' in op ? op.type : ''),
    externalId: current ? current.external_id : op.externalId,
    content,
    current,
    ends: {
      from: current?.from_id ?? ends?.from ?? '',
      to: current?.to_id ?? ends?.to ?? '',
    },
  }
}

function cascadeChange(op: number, current: StoredRelationship): Change {
  const { id, type, external_id: externalId, from_id: from, to_id: to } = current
  const record = { kind: 'relationship', id, type, externalId, ends: { from, to } } as const
  return { ...record, op, phase: 3, outcome: 'deleted', content: EMPTY, current }
}

function outcomeOf(
  op: EntityOp | RelationshipOp,
  current: StoredEntity | StoredRelationship | undefined,
  content: Content,
): Change['outcome'] {
  if (op.action === 'delete') return 'deleted'
  if (!current) return 'created'
  const { properties } = current
  const { name, location } = 'name' in current ? current : EMPTY
  const isSame =
    name === content.name &&
    isDeepStrictEqual(location, content.location) &&
    isDeepStrictEqual(properties, content.properties)
  return isSame ? 'unchanged' : 'updated'
}

/** As PostgreSQL gives it back: JSON, and no -0. */
function normal(content: Content): Content {
  return JSON.parse(JSON.stringify(content))
}

function refusal(
  op: number,
  refused: RefusalCode,
  current: StoredEntity | StoredRelationship | undefined,
): OpRefused {
  return current ? { op, refused, version: current.version } : { op, refused }
}
