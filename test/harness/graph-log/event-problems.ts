import { isDeepStrictEqual } from 'node:util'
import {
  imageOf,
  isStoredTypeEvent,
  type StoredEvent,
  type StoredRecordEvent,
  type StoredTypeEvent,
} from './contents.ts'
import { kindOf, type ReplayedLog, type StoredRecord } from './replayed-log.ts'

const BEFORE_IS_NOT_FORMER = 'has a before that is not the former after'

/** Every way in which an event does not follow from the ones before it. */
export function eventProblems(events: readonly StoredEvent[], log: ReplayedLog): string[] {
  return events.flatMap((event, i) => {
    const last = events[i - 1]
    return [
      ...when(event.seq !== i + 1, `stands where seq ${i + 1} belongs`),
      ...when(last !== undefined && event.at < last.at, 'is older than the one before it'),
      ...(isStoredTypeEvent(event) ? typeProblems(event, log) : recordProblems(event, log)),
    ].map((problem) => `event ${event.seq} (${event.kind} ${event.subject_id}) ${problem}`)
  })
}

function when(isProblem: boolean, problem: string): string[] {
  return isProblem ? [problem] : []
}

function typeProblems(event: StoredTypeEvent, log: ReplayedLog): string[] {
  const { seq, at, kind, type, before, after } = event
  const ofKind = (after ?? before)?.kind
  if (type === null || ofKind === undefined) return ['names no type']
  const former = log.type(ofKind, type, seq - 1)
  const { name: _, ...image } = former ?? { name: '' }
  const isSuccessor =
    after === null ||
    (after.version === seq &&
      after.updated_at === at &&
      after.created_at === (before?.created_at ?? at))
  const isChecking = after?.change?.status === 'checking'
  return [
    ...when(!isDeepStrictEqual(before, former ? image : null), BEFORE_IS_NOT_FORMER),
    ...when(!isSuccessor, 'has an after with another version or other times'),
    ...when(
      before !== null && after !== null && before.kind !== after.kind,
      'makes a type of the other kind',
    ),
    ...when(kind === 'type.changing' && !isChecking, 'binds nobody to anything'),
    ...when(
      kind === 'type.change_refused' && after?.change?.status !== 'refused',
      'refuses nothing',
    ),
  ]
}

function recordProblems(event: StoredRecordEvent, log: ReplayedLog): string[] {
  const { seq, subject_id: id } = event
  if (id === null || event.type === null) return ['names no record']
  const kind = kindOf(event)
  const former = log.record(kind, id, seq - 1)
  const { external_id } = event
  const namesake = external_id === null ? undefined : log.recordNamed(kind, external_id, seq - 1)
  return [
    ...imageProblems(event, former),
    ...when(namesake !== undefined && namesake.id !== id, 'takes an external id'),
    ...(kind === 'entity'
      ? when(
          event.after === null && log.relationshipsOf(id, seq - 1).length > 0,
          'leaves relationships without an end',
        )
      : endProblems(event, former, log)),
  ]
}

/** `before` is how the former event left the record, and `after` follows from it. */
function imageProblems(event: StoredRecordEvent, former: StoredRecord | undefined): string[] {
  const { seq, at, before, after, external_id } = event
  const isSuccessor =
    after === null ||
    (after.version === seq &&
      after.updated_at === at &&
      after.created_at === (before?.created_at ?? at))
  const image = former ? imageOf(former) : null
  return [
    ...when(!isDeepStrictEqual(before, image), BEFORE_IS_NOT_FORMER),
    ...when(!isSuccessor, 'has an after with another version or other times'),
    ...when(former !== undefined && former.type !== event.type, 'has another type'),
    ...when((after ?? before)?.external_id !== external_id, 'has another external id'),
    ...when(
      after !== null && before !== null && after.external_id !== before.external_id,
      'changes the external id',
    ),
  ]
}

function endProblems(
  { seq, from_id, to_id, after }: StoredRecordEvent,
  former: StoredRecord | undefined,
  log: ReplayedLog,
): string[] {
  if (from_id === null || to_id === null) return ['names no ends']
  const isMoved =
    former && 'from_id' in former && (former.from_id !== from_id || former.to_id !== to_id)
  const isLoose = !(log.entity(from_id, seq - 1) && log.entity(to_id, seq - 1))
  return [
    ...when(!!isMoved, 'has other ends than the relationship'),
    ...when(isLoose, 'has an end that is not there'),
    ...when(
      after !== null && (after.name !== null || after.location !== null),
      'has a name or a location',
    ),
  ]
}
