import { describe, expect, it } from 'vitest'
import type { EventHeader } from '../../../core/log/events.ts'
import { EVERYTHING, tagsOf } from '../../../core/log/tags.ts'

function event(given: Partial<EventHeader> & Pick<EventHeader, 'kind'>): EventHeader {
  const nothing = { subjectId: null, type: null, fromId: null, toId: null, externalId: null }
  return { seq: 1, ...nothing, ...given }
}

describe('the tags that an event touches (T1)', () => {
  it.each(['entity.created', 'entity.updated', 'entity.deleted'] as const)(
    '%s: the graph, the entity, its type and its external id',
    (kind) => {
      const tags = tagsOf(event({ kind, subjectId: '1', type: 'airport', externalId: 'ATL' }))
      expect(tags.sort()).toEqual(['e:1', 'g', 't:airport', 'x:ATL'])
    },
  )

  it.each(['relationship.created', 'relationship.updated', 'relationship.deleted'] as const)(
    '%s: also the neighbourhoods of both its ends',
    (kind) => {
      const ends = { fromId: '2', toId: '3' }
      const tags = tagsOf(event({ kind, subjectId: '1', type: 'route', externalId: 'q', ...ends }))
      expect(tags.sort()).toEqual(['e:1', 'g', 'n:2', 'n:3', 't:route', 'x:q'])
    },
  )

  it('a record without an external id: none for it', () => {
    const tags = tagsOf(event({ kind: 'entity.created', subjectId: '1', type: 'airport' }))
    expect(tags.sort()).toEqual(['e:1', 'g', 't:airport'])
  })

  it('a relationship from an entity to itself: one neighbourhood, once', () => {
    const ends = { fromId: '2', toId: '2' }
    const tags = tagsOf(
      event({ kind: 'relationship.created', subjectId: '1', type: 'route', ...ends }),
    )
    expect(tags.sort()).toEqual(['e:1', 'g', 'n:2', 't:route'])
  })

  it.each([
    'type.defined',
    'type.changing',
    'type.changed',
    'type.change_refused',
    'type.removed',
    'type.indexed',
  ] as const)('%s: the schema', (kind) => {
    expect(tagsOf(event({ kind, type: 'airport' }))).toEqual(['s'])
  })

  it.each([
    ['tenant.registered', ['e:1']],
    ['key.created', ['t:key']],
    ['key.revoked', ['t:key', 'e:1']],
    ['graph.created', ['t:graph']],
    ['graph.deleted', ['t:graph']],
    ['invitation.created', ['t:invitation']],
    ['invitation.revoked', ['t:invitation']],
  ] as const)('%s, an event of a tenant: %j', (kind, tags) => {
    expect(tagsOf(event({ kind, subjectId: '1' }))).toEqual(tags)
  })

  it('an erasure: all, since what it blanks told of tags too', () => {
    const erased = event({ kind: 'record.erased', subjectId: '1', type: 'airport' })
    expect(tagsOf(erased)).toEqual([EVERYTHING])
  })

  it('depend on the record, not on what changed in it', () => {
    const header = { subjectId: '1', type: 'airport', externalId: 'ATL' }
    const [created, updated, deleted] = (['created', 'updated', 'deleted'] as const).map((what) =>
      tagsOf(event({ kind: `entity.${what}`, ...header })),
    )
    expect(updated).toEqual(created)
    expect(deleted).toEqual(created)
  })
})
