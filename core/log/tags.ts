import { type EventHeader, isTypeEvent } from './events.ts'

/** Stands for every tag of a log. Purging and erasing touch it, and no read depends on it. */
export const EVERYTHING = '*'

/**
 * The tags that an event touches (T1), cascades included because they are events of their own. Each
 * pair of an event and a tag is there for a read that would not notice the event otherwise (T4):
 *
 * | event                      | tag            | read                                                |
 * |----------------------------|----------------|-----------------------------------------------------|
 * | of an entity               | `e:` of it     | it by its id; neighbours that show it               |
 * | of a relationship          | `e:` of it     | it by its id                                        |
 * | of either                  | `x:` its name  | it by its external id                               |
 * |                            | `t:` its type  | lists of the type, whatever they filter by          |
 * |                            | `g`            | lists of all types; reads of too many records       |
 * | of a relationship          | `n:` both ends | neighbours; lists of what begins or ends somewhere  |
 * | of a type                  | `s`            | the types                                           |
 * | `tenant.registered`        | `e:` of it     | access to the tenant                                |
 * | `key.created`              | `t:key`        | the keys                                            |
 * | `key.revoked`              | `t:key`        | the keys                                            |
 * |                            | `e:` of it     | access by the key                                   |
 * | `graph.created`, `.deleted`| `t:graph`      | the graphs; a graph by its name                     |
 * | `cache.purged`             | what it names  | those that depend on it                             |
 * | `record.erased`            | every tag      | all: what told of its external id is blank by then  |
 * | of an invitation           | `t:invitation` | the invitations                                     |
 */
export function tagsOf(event: EventHeader): string[] {
  const { kind, subjectId, type, externalId, fromId, toId } = event
  if (isTypeEvent(kind)) return ['s']
  switch (kind) {
    case 'tenant.registered':
      return [`e:${subjectId}`]
    case 'key.created':
      return ['t:key']
    case 'key.revoked':
      return ['t:key', `e:${subjectId}`]
    case 'graph.created':
    case 'graph.deleted':
      return ['t:graph']
    case 'cache.purged':
      return [`${type}`]
    case 'record.erased':
      return [EVERYTHING]
    case 'invitation.created':
    case 'invitation.revoked':
      return ['t:invitation']
    default: {
      const tags = ['g', `e:${subjectId}`, `t:${type}`]
      if (externalId !== null) tags.push(`x:${externalId}`)
      if (fromId !== null) tags.push(`n:${fromId}`)
      if (toId !== null && toId !== fromId) tags.push(`n:${toId}`)
      return tags
    }
  }
}
