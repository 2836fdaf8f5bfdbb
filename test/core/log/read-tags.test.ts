import { describe, expect, it } from 'vitest'
import {
  listTags,
  MAX_TAGS,
  neighborsTags,
  recordsTags,
  recordTags,
  typesTags,
} from '../../../core/log/read-tags.ts'
import type { Neighbor } from '../../../core/log/records.ts'

const ANY = { type: null, externalId: null, fromId: null, toId: null }

function showing(ids: readonly string[]): Pick<Neighbor, 'entity'>[] {
  return ids.map((id) => ({ entity: { id } as Neighbor['entity'] }))
}

describe('the tags of a read (T3)', () => {
  it('a record: the name it was asked for by, whether it is there or not', () => {
    expect(recordTags({ id: '1' })).toEqual(['e:1'])
    expect(recordTags({ externalId: 'ATL' })).toEqual(['x:ATL'])
    expect(recordsTags([{ id: '1' }, { externalId: 'ATL' }, { id: '1' }])).toEqual(['e:1', 'x:ATL'])
  })

  it('a list: the type it looked through, or the whole graph', () => {
    expect(listTags({ ...ANY, type: 'airport' })).toEqual(['t:airport'])
    expect(listTags(ANY)).toEqual(['g'])
  })

  it('a list of what has an external id, or begins or ends somewhere: just that', () => {
    expect(listTags({ ...ANY, type: 'airport', externalId: 'ATL' })).toEqual(['x:ATL'])
    expect(listTags({ ...ANY, type: 'route', fromId: '1' })).toEqual(['n:1'])
    expect(listTags({ ...ANY, toId: '2' })).toEqual(['n:2'])
    expect(listTags({ ...ANY, fromId: '1', toId: '2' })).toEqual(['n:1'])
  })

  it('neighbours: the neighbourhood, its entity, and every entity shown', () => {
    expect(neighborsTags('1', showing(['2', '3', '2', '1']))).toEqual(['n:1', 'e:1', 'e:2', 'e:3'])
    expect(neighborsTags('1', [])).toEqual(['n:1', 'e:1'])
  })

  it('the types: the schema', () => {
    expect(typesTags()).toEqual(['s'])
  })

  it(`past ${MAX_TAGS} of them the whole graph`, () => {
    const ids = Array.from({ length: MAX_TAGS + 1 }, (_, i) => `${i}`)
    const refs = ids.map((id) => ({ id }))
    expect(recordsTags(refs)).toEqual(['g'])
    expect(recordsTags(refs.slice(1))).toHaveLength(MAX_TAGS)
    expect(neighborsTags('1', showing(ids))).toEqual(['g'])
    expect(neighborsTags('0', showing(ids.slice(0, MAX_TAGS - 1)))).toHaveLength(MAX_TAGS)
  })
})
