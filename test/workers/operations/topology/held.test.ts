import { describe, expect, it } from 'vitest'
import { TopologyBuilder } from '../../../../core/graph/builder.ts'
import { applyChanges } from '../../../../core/graph/changes.ts'
import {
  bytesOf,
  HeldTopologies,
  type HeldTopology,
} from '../../../../workers/operations/topology/held.ts'
import { held } from '../../../../workers/operations/topology/load.ts'
import { TopologyShelf } from '../../../../workers/operations/topology/shelf.ts'
import { range } from '../../../harness/sequences.ts'

const idOf = (n: number) => `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`

function topologyOf(entities: number): HeldTopology {
  const history = '11111111-1111-4111-8111-111111111111'
  const builder = new TopologyBuilder({ history, seq: entities })
  for (const n of range(entities)) builder.addEntity(idOf(n), 'thing')
  return held(builder.finish())
}

describe('topologies of an isolate', () => {
  it('stay within the budget: the least recently used leave', () => {
    const one = topologyOf(100)
    const budget = 3.5 * bytesOf(one)
    const topologies = new HeldTopologies(budget)
    for (const name of ['a', 'b', 'c']) expect(topologies.keep(name, topologyOf(100))).toBe(true)
    topologies.get('a')
    topologies.keep('d', topologyOf(100))
    expect(['a', 'b', 'c', 'd'].filter((name) => topologies.get(name))).toEqual(['a', 'c', 'd'])
    expect(topologies.bytes).toBeLessThanOrEqual(budget)
  })

  it('are not kept when they are larger than all there may be', () => {
    const topologies = new HeldTopologies(bytesOf(topologyOf(100)) - 1)
    expect(topologies.keep('a', topologyOf(100))).toBe(false)
    expect(topologies.get('a')).toBeNull()
    expect(new HeldTopologies(0).keep('a', topologyOf(1))).toBe(false)
  })

  it('count what changes add, and make room for it', () => {
    const grown = topologyOf(100)
    const before = bytesOf(grown)
    const topologies = new HeldTopologies(before * 2 + 50)
    topologies.keep('other', topologyOf(100))
    topologies.keep('grown', grown)
    const created = range(200).map((n) => {
      return { seq: 101 + n, kind: 'entity.created', id: idOf(1_000 + n), type: 'thing' } as const
    })
    applyChanges(grown.view, created.slice(0, 5), 105)
    expect(topologies.keep('grown', grown)).toBe(true)
    expect(topologies.bytes).toBe(bytesOf(grown))
    expect(topologies.get('other')).toBeNull()
    applyChanges(grown.view, created, 300)
    expect(topologies.keep('grown', grown)).toBe(false)
    expect(topologies.bytes).toBe(0)
  })
})

describe('a topology that is not there', () => {
  it('is loaded by one reader at a time, and by another when that one was dropped', () => {
    const shelf = new TopologyShelf(1_000)
    expect([shelf.mayLoad('a', 0), shelf.mayLoad('a', 59_000), shelf.mayLoad('a', 60_000)]).toEqual(
      [true, false, true],
    )
    shelf.loaded('a')
    expect(shelf.mayLoad('a', 60_001)).toBe(true)
  })

  it('is left alone for a while when it is too large, or cannot be loaded', () => {
    const shelf = new TopologyShelf(1_000)
    shelf.tooLarge('a', 0)
    shelf.failed('b', 0)
    expect([shelf.mayLoad('a', 299_999), shelf.mayLoad('b', 4_999)]).toEqual([false, false])
    expect([shelf.mayLoad('a', 300_000), shelf.mayLoad('b', 5_000)]).toEqual([true, true])
  })
})
