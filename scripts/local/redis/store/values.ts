import type { Bytes } from '../reply.ts'
import type { SortedSet } from './sorted-set.ts'

/** What an element costs beside its bytes: about what Redis and V8 spend on pointers and lengths. */
export const ELEMENT_BYTES = 64

export type Value = StringValue | ListValue | HashValue | SetValue | SortedSet
export type ValueType = Value['type']

export class StringValue {
  readonly type = 'string'
  readonly bytes: Bytes

  constructor(bytes: Bytes) {
    this.bytes = bytes
  }

  readonly size = 1

  get usedBytes(): number {
    return this.bytes.length
  }

  clone(): StringValue {
    return this
  }
}

export class ListValue {
  readonly type = 'list'
  #items: Bytes[] = []
  #usedBytes = 0

  get items(): readonly Bytes[] {
    return this.#items
  }

  get size(): number {
    return this.#items.length
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  push(end: 'left' | 'right', item: Bytes): void {
    if (end === 'left') this.#items.unshift(item)
    else this.#items.push(item)
    this.#usedBytes += ELEMENT_BYTES + item.length
  }

  pop(end: 'left' | 'right'): Bytes | undefined {
    const item = end === 'left' ? this.#items.shift() : this.#items.pop()
    if (item !== undefined) this.#usedBytes -= ELEMENT_BYTES + item.length
    return item
  }

  replace(items: readonly Bytes[]): void {
    this.#items = [...items]
    this.#usedBytes = items.reduce((sum, item) => sum + ELEMENT_BYTES + item.length, 0)
  }

  clone(): ListValue {
    const copy = new ListValue()
    copy.replace(this.#items)
    return copy
  }
}

export class HashValue {
  readonly type = 'hash'
  readonly #fields = new Map<Bytes, Bytes>()
  #usedBytes = 0
  /** Grows when a field is added or removed. */
  version = 0

  get fields(): ReadonlyMap<Bytes, Bytes> {
    return this.#fields
  }

  get size(): number {
    return this.#fields.size
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  names(): Iterable<Bytes> {
    return this.#fields.keys()
  }

  /** Whether the field is new. */
  set(field: Bytes, value: Bytes): boolean {
    const old = this.#fields.get(field)
    this.#fields.set(field, value)
    this.#usedBytes += value.length - (old?.length ?? -field.length - ELEMENT_BYTES)
    if (old === undefined) this.version++
    return old === undefined
  }

  delete(field: Bytes): boolean {
    const old = this.#fields.get(field)
    if (old === undefined) return false
    this.#fields.delete(field)
    this.#usedBytes -= field.length + old.length + ELEMENT_BYTES
    this.version++
    return true
  }

  clone(): HashValue {
    const copy = new HashValue()
    for (const [field, value] of this.#fields) copy.set(field, value)
    return copy
  }
}

export class SetValue {
  readonly type = 'set'
  readonly #members = new Set<Bytes>()
  #usedBytes = 0
  /** Grows when a member is added or removed. */
  version = 0

  get members(): ReadonlySet<Bytes> {
    return this.#members
  }

  get size(): number {
    return this.#members.size
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  names(): Iterable<Bytes> {
    return this.#members
  }

  add(member: Bytes): boolean {
    if (this.#members.has(member)) return false
    this.#members.add(member)
    this.#usedBytes += member.length + ELEMENT_BYTES
    this.version++
    return true
  }

  delete(member: Bytes): boolean {
    if (!this.#members.delete(member)) return false
    this.#usedBytes -= member.length + ELEMENT_BYTES
    this.version++
    return true
  }

  clone(): SetValue {
    const copy = new SetValue()
    for (const member of this.#members) copy.add(member)
    return copy
  }
}
