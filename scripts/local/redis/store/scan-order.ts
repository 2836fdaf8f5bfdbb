import type { Bytes } from '../reply.ts'

export type Scanned = {
  /** Where to go on; 0 when everything has been seen. */
  readonly cursor: number
  readonly names: readonly Bytes[]
}

type Hashed = { readonly hash: number; readonly name: Bytes }
type Order = { readonly version: number; readonly items: readonly Hashed[] }

/** What can be scanned: a set of names, and a number that grows when one is added or removed. */
export type Scannable = { readonly version: number; names(): Iterable<Bytes> }

const orders = new WeakMap<Scannable, Order>()

/**
 * The next `count` names or a few more. Names come in the order of their hashes and the cursor is
 * the next hash, so what is there from the first call to the last is seen whatever else is added
 * or removed meanwhile, and a cursor may be used twice.
 */
export function scanFrom(source: Scannable, cursor: number, count: number): Scanned {
  const items = orderOf(source)
  const start = firstAtLeast(items, cursor)
  let end = Math.min(start + count, items.length)
  while (end > 0 && end < items.length && items[end]?.hash === items[end - 1]?.hash) end++
  const next = items[end]
  return {
    cursor: next === undefined ? 0 : next.hash,
    names: items.slice(start, end).map(({ name }) => name),
  }
}

function orderOf(source: Scannable): readonly Hashed[] {
  const known = orders.get(source)
  if (known?.version === source.version) return known.items
  const items = Array.from(source.names(), (name) => ({ name, hash: hashOf(name) }))
  items.sort((a, b) => a.hash - b.hash)
  orders.set(source, { version: source.version, items })
  return items
}

function firstAtLeast(items: readonly Hashed[], hash: number): number {
  let low = 0
  let high = items.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((items[middle]?.hash ?? 0) < hash) low = middle + 1
    else high = middle
  }
  return low
}

/** FNV-1a, from 1: the cursor 0 is the beginning and the end. */
function hashOf(name: Bytes): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) {
    hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  }
  return (hash >>> 0) + 1
}
