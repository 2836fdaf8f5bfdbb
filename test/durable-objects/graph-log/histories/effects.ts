import { isDeepStrictEqual } from 'node:util'
import type { Content, Kind } from '../../../../core/log/commands.ts'
import type {
  EntityOp,
  GraphRequest,
  OpRefused,
  Outcome,
  RelationshipOp,
} from '../../../../core/log/requests.ts'
import type { TypeState } from '../../../../core/types/definition.ts'
import { imageOf } from '../../../harness/graph-log/contents.ts'
import type { ReplayedLog, StoredRecord } from '../../../harness/graph-log/replayed-log.ts'
import { type Verdict, verdictsAt } from './verdicts.ts'

/** An event that a request has to leave; `op` is `null` for what a deletion takes along. */
export type ExpectedEvent = {
  readonly kind: string
  /** Id of the record, or name of the type. */
  readonly subject: string
  readonly op: number | null
  readonly content: Content | null
  /** What a type becomes; `null`: not defined. */
  readonly type?: TypeState | null
}

export type Effects = {
  readonly refusals: readonly OpRefused[]
  /** Operations that change nothing, with the version there is. */
  readonly unchanged: readonly {
    readonly op: number
    readonly id: string
    readonly version: number
  }[]
  /** In the order of the log. */
  readonly events: readonly ExpectedEvent[]
}

/** What a request has to lead to when it is committed to the graph as it was at `seq`. */
export function effectsAt(log: ReplayedLog, seq: number, request: GraphRequest): Effects {
  if (request.types.length > 0) return typeEffectsAt(log, seq, request)
  const verdicts = verdictsAt(log, seq, request)
  const refusals = [...verdicts]
    .filter(([, { refused }]) => refused !== null)
    .map(([op, verdict]) => refusal(op, verdict))
    .sort((a, b) => a.op - b.op)
  if (request.atomic && refusals.length > 0) return { refusals, unchanged: [], events: [] }
  const done = [...request.entities, ...request.relationships]
    .map((op) => ({ op, verdict: verdicts.get(op.op) }))
    .filter(({ verdict }) => verdict?.refused === null)
    .sort((a, b) => a.op.op - b.op.op)
    .map(({ op, verdict }) => ({ op, ...outcomeOf(op, verdict) }))
  const of = (kind: Kind, isDeletion?: boolean) =>
    done
      .filter(({ outcome }) => outcome !== 'unchanged')
      .filter((each) => each.kind === kind)
      .filter(({ op }) => isDeletion === undefined || isDeletion === (op.action === 'delete'))
      .map(({ op, kind, outcome, id }) => expected(kind, outcome, id, op))
  const named = new Set(of('relationship').map(({ subject }) => subject))
  const goes = of('entity', true)
  return {
    refusals,
    unchanged: done
      .filter(({ outcome }) => outcome === 'unchanged')
      .map(({ op, id, version }) => ({ op: op.op, id, version })),
    events: [
      ...of('entity', false),
      ...of('relationship'),
      ...cascade(
        log,
        seq,
        goes.map(({ subject }) => subject),
        named,
      ),
      ...goes,
    ],
  }
}

function typeEffectsAt(log: ReplayedLog, seq: number, { types }: GraphRequest): Effects {
  const refusals = types.flatMap(({ op, kind, name, after, onlyIfUnused }): OpRefused[] => {
    if (after === null && !log.type(kind, name, seq)) return [{ op, refused: 'not_found' }]
    const isRefused = onlyIfUnused && log.isTypeInUse(kind, name, seq)
    return isRefused ? [{ op, refused: 'type_in_use' }] : []
  })
  const events = types.map(({ op, event, name, after }) => ({
    kind: event,
    subject: name,
    op,
    content: null,
    type: after,
  }))
  return { refusals, unchanged: [], events: refusals.length > 0 ? [] : events }
}

function refusal(op: number, { refused, current }: Verdict): OpRefused {
  const code = refused ?? 'not_found'
  const isAboutVersion = code === 'version_mismatch' && current
  return isAboutVersion ? { op, refused: code, version: current.version } : { op, refused: code }
}

function outcomeOf(
  op: EntityOp | RelationshipOp,
  verdict: Verdict | undefined,
): { kind: Kind; outcome: Outcome; id: string; version: number } {
  const current = verdict?.current
  const kind = verdict?.kind ?? 'entity'
  const id = current?.id ?? op.id ?? ''
  const version = current?.version ?? 0
  if (op.action === 'delete') return { kind, outcome: 'deleted', id, version }
  if (!current) return { kind, outcome: 'created', id, version }
  const isSame = isDeepStrictEqual(contentOf(current), op.content)
  return { kind, outcome: isSame ? 'unchanged' : 'updated', id, version }
}

export function contentOf(record: StoredRecord): Content {
  const { name, location, properties } = imageOf(record)
  return { name, location, properties }
}

function expected(
  kind: Kind,
  outcome: Outcome,
  subject: string,
  op: EntityOp | RelationshipOp,
): ExpectedEvent {
  const content = op.action === 'delete' ? null : op.content
  return { kind: `${kind}.${outcome}`, subject, op: op.op, content }
}

/** Relationships go by the first deletion that reaches them, and then by id. */
function cascade(
  log: ReplayedLog,
  seq: number,
  deleted: readonly string[],
  named: ReadonlySet<string>,
): ExpectedEvent[] {
  const going = new Set<string>()
  for (const id of deleted) {
    const ids = log.relationshipsOf(id, seq).map((relationship) => relationship.id)
    for (const each of ids.sort()) if (!named.has(each)) going.add(each)
  }
  return [...going].map((subject) => ({
    kind: 'relationship.deleted',
    subject,
    op: null,
    content: null,
  }))
}
