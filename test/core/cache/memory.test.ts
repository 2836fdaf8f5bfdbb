import { describe, expect, it } from 'vitest'
import type { Held } from '../../../core/cache/entry.ts'
import { TTL_MS } from '../../../core/cache/kinds.ts'
import { MemoryTier } from '../../../core/cache/memory.ts'

const MAX_BYTES = 100_000

function held(parts: Partial<Held<unknown>> = {}): Held<unknown> {
  return {
    ...{ kind: 'entity', seq: 1, tags: ['e:1'], value: 'v', bytes: 1_000, upTo: 1, knownAt: 0 },
    ...parts,
  } as Held<unknown>
}

describe('the memory of an isolate', () => {
  it('never holds more bytes than it may, and drops what was not used for longest', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    memory.set('first', held())
    for (let i = 0; i < 1_000; i += 1) {
      memory.set(`key ${i}`, held())
      memory.get('first')
      expect(memory.bytes).toBeLessThanOrEqual(MAX_BYTES)
    }
    expect(memory.get('first')).toBeDefined()
    expect(memory.get('key 0')).toBeUndefined()
    expect(memory.get('key 999')).toBeDefined()
    expect(memory.count).toBeLessThan(1_001)
  })

  it('counts tags and keys as well as values', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    memory.set('key', held({ bytes: 0 }))
    const one = memory.bytes
    memory.set('key', held({ bytes: 0, tags: Array.from({ length: 64 }, (_, i) => `e:${i}`) }))
    expect(memory.bytes).toBeGreaterThan(one + 63 * 20)
  })

  it('does not take one value that would drive out everything else', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    memory.set('small', held())
    memory.set('large', held({ bytes: MAX_BYTES / 4 }))
    expect(memory.get('large')).toBeUndefined()
    expect(memory.get('small')).toBeDefined()
  })

  it('keeps what was read later, in whatever order they come', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    memory.set('key', held({ seq: 5, value: 'new' }))
    memory.set('key', held({ seq: 4, value: 'old' }))
    expect(memory.get('key')?.value).toBe('new')
    memory.set('key', held({ seq: 6, value: 'newer' }))
    expect(memory.get('key')?.value).toBe('newer')
  })

  it('forgets after the time of its kind', () => {
    let now = 1_000
    const memory = new MemoryTier(MAX_BYTES, () => now)
    memory.set('entity', held())
    memory.set('list', held({ kind: 'list' }))
    now += TTL_MS.list + 1
    expect(memory.get('list')).toBeUndefined()
    expect(memory.get('entity')).toBeDefined()
    now += TTL_MS.entity
    expect(memory.get('entity')).toBeUndefined()
  })

  it('lets no kind but records have all of it', () => {
    const evictions: string[] = []
    const memory = new MemoryTier(
      MAX_BYTES,
      () => 0,
      (key, kind) => evictions.push(`${kind} ${key}`),
    )
    memory.set('record', held())
    for (let i = 0; i < 200; i += 1) {
      memory.set(`list ${i}`, held({ kind: 'list' }))
      memory.get('list 0')
    }
    expect(memory.sizes(() => true).get('list')?.bytes).toBeLessThanOrEqual(MAX_BYTES / 2)
    expect(memory.sizes(() => true).get('list')?.values).toBe(memory.count - 1)
    expect(memory.get('record')).toBeDefined()
    // The least recently used of the kind goes, though the record was not used for longer.
    expect(memory.get('list 0')).toBeDefined()
    expect(memory.get('list 1')).toBeUndefined()
    expect(memory.get('list 199')).toBeDefined()
    expect(evictions[0]).toBe('list list 1')
    expect(memory.evicted).toBe(evictions.length)
    expect(memory.evicted).toBe(201 - memory.count)
  })

  it('gives a kind back what others drove out of it', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    for (let i = 0; i < 30; i += 1) memory.set(`list ${i}`, held({ kind: 'list' }))
    for (let i = 0; i < 200; i += 1) memory.set(`record ${i}`, held())
    for (let i = 0; i < 30; i += 1) memory.set(`list ${i}`, held({ kind: 'list' }))
    for (let i = 0; i < 30; i += 1) expect(memory.get(`list ${i}`)).toBeDefined()
  })

  it('deletes what it is told to', () => {
    const memory = new MemoryTier(MAX_BYTES, () => 0)
    memory.set('key', held())
    memory.set('list', held({ kind: 'list' }))
    expect(memory.count).toBe(2)
    memory.delete('key')
    expect(memory.get('key')).toBeUndefined()
    expect([...memory.entries()].map(([key]) => key)).toEqual(['list'])
  })
})
