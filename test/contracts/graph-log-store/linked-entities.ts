import type { StoredEvent } from '../../harness/graph-log/contents.ts'
import type { NewSession, Session } from './session.ts'

/** A graph of this many entities, made one after the other. */
export async function newEntities(newSession: NewSession, count: number) {
  const session = await newSession()
  const ids: string[] = []
  for (let i = 0; i < count; i += 1) ids.push((await session.entity()).id)
  return { session, ids }
}

/** Kind and subject of the events after `seq`, in order. */
export async function eventsAfter(session: Session, seq: number) {
  const { events } = await session.graph.contents()
  return events.slice(seq).map((event: StoredEvent) => [event.kind, event.subject_id])
}

export async function link(session: Session, from = '', to = '', type = 'knows') {
  return (await session.relationship({ id: from }, { id: to }, { type })).id
}
