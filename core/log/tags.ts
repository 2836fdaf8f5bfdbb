import { type EventHeader, isTypeEvent } from './events.ts'

/**
 * The tags that an event touches (T1), cascades included because they are events of their own:
 * the graph always; a record its own tag, its type's and its external id's; a relationship the
 * neighbourhoods of both its ends; a change of a type the schema.
 */
export function tagsOf(event: EventHeader): string[] {
  const tags = ['g']
  if (isTypeEvent(event.kind)) return [...tags, 's']
  if (event.subjectId !== null) tags.push(`e:${event.subjectId}`)
  if (event.type !== null) tags.push(`t:${event.type}`)
  if (event.externalId !== null) tags.push(`x:${event.externalId}`)
  if (event.fromId !== null) tags.push(`n:${event.fromId}`)
  if (event.toId !== null && event.toId !== event.fromId) tags.push(`n:${event.toId}`)
  return tags
}
