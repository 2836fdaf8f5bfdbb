import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Content } from '../../../core/log/commands.ts'
import { footprint } from '../../../core/log/footprint.ts'
import { type Footprint, groupLength } from '../../../core/log/grouping.ts'
import type { EntityOp, GraphRequest, RelationshipOp } from '../../../core/log/requests.ts'
import { defineType } from '../../contracts/graph-log-store/requests.ts'

const LIMITS = { commands: 10, bytes: 100 }

const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 3 })

const someFootprint: fc.Arbitrary<Footprint> = fc.record({
  commitId: fc.constantFrom('1', '2', '3', '4', '5', '6', '7', '8', '9'),
  writes: names.map((list) => new Set(list)),
  reads: names.map((list) => new Set(list)),
  alone: fc.constantFrom(false, false, false, false, true),
  commands: fc.integer({ min: 1, max: 6 }),
  bytes: fc.integer({ min: 1, max: 60 }),
})

const someQueue = fc.array(someFootprint, { maxLength: 8 })

/** Rule C4, request by request: why these may not be one group. */
function problem(group: readonly Footprint[]): string | null {
  for (const [i, one] of group.entries()) {
    for (const other of group.slice(i + 1)) {
      if (one.alone || other.alone) return 'one of them goes alone'
      if (one.commitId === other.commitId) return 'one repeats the other'
      const isNamed = (name: string) => one.writes.has(name) || one.reads.has(name)
      if ([...other.writes].some(isNamed)) return 'the later writes what the earlier names'
      if ([...other.reads].some((name) => one.writes.has(name))) {
        return 'the earlier writes what the later names'
      }
    }
  }
  if (group.length < 2) return null
  const sum = (key: 'commands' | 'bytes') => group.reduce((total, each) => total + each[key], 0)
  return sum('commands') > LIMITS.commands || sum('bytes') > LIMITS.bytes ? 'too much' : null
}

/** Groups as a writer makes them until the queue is empty. */
function groupsOf(queue: readonly Footprint[]): Footprint[][] {
  const groups: Footprint[][] = []
  let rest = queue
  while (rest.length > 0) {
    const length = Math.max(1, groupLength(rest, LIMITS))
    groups.push(rest.slice(0, length))
    rest = rest.slice(length)
  }
  return groups
}

describe('a group of requests (C4)', () => {
  it('holds no two requests of which one writes what the other names, and no repeats', () => {
    fc.assert(
      fc.property(someQueue, (queue) => {
        for (const group of groupsOf(queue)) expect(problem(group)).toBeNull()
      }),
      { numRuns: 3_000 },
    )
  })

  it('holds as many requests as it may', () => {
    fc.assert(
      fc.property(someQueue, (queue) => {
        const length = groupLength(queue, LIMITS)
        if (length < queue.length) expect(problem(queue.slice(0, length + 1))).not.toBeNull()
      }),
      { numRuns: 3_000 },
    )
  })

  it('keeps the order of the queue and leaves nobody out', () => {
    fc.assert(
      fc.property(someQueue, (queue) => {
        expect(groupsOf(queue).flat()).toEqual(queue)
        expect(groupLength(queue, LIMITS)).toBeGreaterThanOrEqual(Math.min(1, queue.length))
      }),
    )
  })

  it('holds one request that is larger than every limit, alone', () => {
    const small = made({ commitId: 'small' })
    const large = made({ commitId: 'large', commands: 11, bytes: 101 })
    expect(groupLength([large, small], LIMITS)).toBe(1)
    expect(groupLength([small, large], LIMITS)).toBe(1)
  })

  it('is full at its limits, not before', () => {
    const queue = ['1', '2', '3'].map((commitId) => made({ commitId, commands: 5, bytes: 50 }))
    expect(groupLength(queue, LIMITS)).toBe(2)
    expect(groupLength(queue, { ...LIMITS, commands: 9 })).toBe(1)
    expect(groupLength(queue, { ...LIMITS, bytes: 99 })).toBe(1)
  })

  it('may read one name in many requests', () => {
    const queue = ['1', '2', '3'].map((commitId) => made({ commitId, reads: new Set(['a']) }))
    expect(groupLength(queue, LIMITS)).toBe(3)
  })
})

function made(given: Partial<Footprint>): Footprint {
  const nothing = { writes: new Set<string>(), reads: new Set<string>(), alone: false }
  return { commitId: 'c', ...nothing, commands: 1, bytes: 1, ...given }
}

const content: Content = { name: null, location: null, properties: {} }

function request(given: Partial<GraphRequest>): GraphRequest {
  const origin = { commitId: 'c', fingerprint: '', actor: 'a', requestId: 'r' }
  const nothing = { entities: [], relationships: [], types: [] }
  return { ...origin, ...nothing, atomic: true, schemaSeq: 0, ...given }
}

function create(id: string, externalId: string | null): EntityOp {
  return { op: 0, id, externalId, action: 'create', type: 'T', content }
}

function relationship(given: Pick<Extract<RelationshipOp, { from: unknown }>, 'from' | 'to'>) {
  const fixed = { op: 0, id: 'r', externalId: 'q', action: 'create', type: 'R', content } as const
  return { ...fixed, ...given }
}

describe('the footprint of a request (C4)', () => {
  it('has every name of what it writes, and tells kinds and names apart', () => {
    const { writes, reads } = footprint(
      request({
        entities: [create('a', 'x')],
        relationships: [relationship({ from: { op: 0 }, to: { op: 0 } })],
      }),
    )
    expect([...writes].sort()).toEqual(['ei:a', 'ex:x', 'ri:r', 'rx:q'])
    expect([...reads]).toEqual([])
  })

  it('reads the ends of a new relationship, by the name they are given', () => {
    const ends = { from: { id: 'a' }, to: { externalId: 'x' } }
    const { reads } = footprint(request({ relationships: [relationship(ends)] }))
    expect([...reads].sort()).toEqual(['ei:a', 'ex:x'])
  })

  it.each([
    ['an entity', { entities: [deletion()] }],
    ['a relationship', { relationships: [deletion()] }],
  ])('says that it goes alone when it deletes %s', (_title, given) => {
    expect(footprint(request(given)).alone).toBe(true)
  })

  it('says that it goes alone when it defines a type', () => {
    expect(footprint(request({ types: [defineType('T')] })).alone).toBe(true)
    expect(footprint(request({ entities: [create('a', null)] })).alone).toBe(false)
  })

  it('counts its commands, and at least the bytes of its content', () => {
    const big: EntityOp = {
      ...create('a', null),
      ...{ action: 'create', type: 'T', content: { ...content, name: 'n'.repeat(500) } },
    }
    const ends = { from: { id: 'a' }, to: { id: 'a' } }
    const { commands, bytes } = footprint(
      request({ entities: [big], relationships: [relationship(ends)] }),
    )
    expect(commands).toBe(2)
    expect(bytes).toBeGreaterThan(500)
  })
})

function deletion() {
  return { op: 0, id: 'a', externalId: null, action: 'delete', expectedVersion: null } as const
}
