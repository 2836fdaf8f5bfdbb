import { LRUCache } from 'lru-cache'
import { type Bytes, RedisError } from '../reply.ts'
import { SortedSet } from './sorted-set.ts'
import {
  HashValue,
  ListValue,
  SetValue,
  StringValue,
  type Value,
  type ValueType,
} from './values.ts'

type Entry = {
  readonly value: Value
  /** Milliseconds since 1970; undefined for never. */
  readonly expiresAt: number | undefined
}

/** An entry as it was; undefined for a key that did not exist. */
export type EntryBefore = Entry | undefined
export type Before = Map<Bytes, EntryBefore>

export type KeyspaceOptions = {
  readonly maxBytes: number
  /** Whether what was used least recently makes room for the new. */
  readonly evicts: boolean
  readonly now: () => number
}

type OfType<T extends ValueType> = Extract<Value, { readonly type: T }>

const MAKE: { readonly [T in ValueType]: () => OfType<T> } = {
  string: () => new StringValue(''),
  list: () => new ListValue(),
  hash: () => new HashValue(),
  set: () => new SetValue(),
  zset: () => new SortedSet(),
}

/** What a key costs beside its own bytes and its value's. */
const KEY_BYTES = 96

/** Keys with their values and times of expiry, bounded in bytes. */
export class Keyspace {
  readonly #entries: LRUCache<Bytes, Entry>
  readonly #expiring = new Set<Bytes>()
  readonly #maxBytes: number
  readonly #evicts: boolean
  readonly #now: () => number
  /** What has been changed since the last `settle`. */
  readonly #changed = new Set<Bytes>()
  /** While set, remembers each key as it was before its first change. */
  journal: Before | undefined
  /** Grows when a key is added or removed. */
  version = 0

  constructor({ maxBytes, evicts, now }: KeyspaceOptions) {
    this.#maxBytes = maxBytes
    this.#evicts = evicts
    this.#now = now
    this.#entries = new LRUCache<Bytes, Entry>({
      maxSize: evicts ? maxBytes : Number.MAX_SAFE_INTEGER,
      dispose: (_, key, reason) => {
        if (reason === 'set') return
        this.#expiring.delete(key)
        this.version++
      },
    })
  }

  get usedBytes(): number {
    return this.#entries.calculatedSize
  }

  /** Whether commands that make it larger have to be refused. */
  get isFull(): boolean {
    return !this.#evicts && this.usedBytes >= this.#maxBytes
  }

  /** Every key that has not expired. */
  names(): Iterable<Bytes> {
    this.sweep()
    return this.#entries.keys()
  }

  count(): number {
    this.sweep()
    return this.#entries.size
  }

  /** Undefined when there is no such key. */
  read(key: Bytes): Value | undefined {
    return this.#live(key)?.value
  }

  /** Throws WRONGTYPE when the key holds another type. */
  readAs<T extends ValueType>(key: Bytes, type: T): OfType<T> | undefined {
    const value = this.read(key)
    if (value === undefined || isOfType(value, type)) return value
    throw new RedisError('WRONGTYPE Operation against a key holding the wrong kind of value')
  }

  /** The value for changing in place, made when missing; one that stays empty is gone afterwards. */
  writeAs<T extends ValueType>(key: Bytes, type: T): OfType<T> {
    const value = this.readAs(key, type)
    this.#remember(key)
    this.#changed.add(key)
    if (value !== undefined) return value
    const made = MAKE[type]()
    this.#store(key, { value: made, expiresAt: undefined })
    return made
  }

  /** Replaces whatever the key holds. Without `expiresAt` it never expires. */
  put(key: Bytes, value: Value, expiresAt?: number): void {
    this.#remember(key)
    this.#changed.add(key)
    this.#store(key, { value, expiresAt })
  }

  remove(key: Bytes): boolean {
    if (this.#live(key) === undefined) return false
    this.#remember(key)
    return this.#entries.delete(key)
  }

  clear(): void {
    for (const key of [...this.#entries.keys()]) this.remove(key)
  }

  /** Undefined for a key that never expires, or does not exist. */
  expiresAt(key: Bytes): number | undefined {
    return this.#live(key)?.expiresAt
  }

  /** Does nothing when the key does not exist. */
  setExpiry(key: Bytes, expiresAt: number | undefined): void {
    const entry = this.#live(key)
    if (entry === undefined) return
    this.#remember(key)
    this.#store(key, { value: entry.value, expiresAt })
  }

  /** After a command: forgets what is empty, and makes room. */
  settle(): void {
    for (const key of this.#changed) {
      const entry = this.#entries.peek(key)
      if (entry === undefined) continue
      if (entry.value.size === 0) this.#entries.delete(key)
      // Another object, or the cache would keep the size it knew.
      else this.#store(key, { ...entry })
    }
    this.#changed.clear()
  }

  /** Forgets what has expired. */
  sweep(): void {
    const now = this.#now()
    for (const key of this.#expiring) {
      // A peek, for a look at the clock is no use of the key.
      if ((this.#entries.peek(key)?.expiresAt ?? 0) <= now) this.#entries.delete(key)
    }
  }

  /** Puts keys back as they were, and returns what they held until now. */
  restore(before: Before): Before {
    const replaced: Before = new Map()
    for (const [key, entry] of before) {
      replaced.set(key, this.#entries.peek(key))
      if (entry === undefined) this.#entries.delete(key)
      else this.#store(key, entry)
    }
    return replaced
  }

  #live(key: Bytes): Entry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.expiresAt === undefined || entry.expiresAt > this.#now()) return entry
    this.#entries.delete(key)
    return undefined
  }

  #store(key: Bytes, entry: Entry): void {
    if (!this.#entries.has(key)) this.version++
    if (entry.expiresAt === undefined) this.#expiring.delete(key)
    else this.#expiring.add(key)
    this.#entries.set(key, entry, { size: KEY_BYTES + key.length + entry.value.usedBytes })
  }

  #remember(key: Bytes): void {
    if (this.journal === undefined || this.journal.has(key)) return
    const entry = this.#live(key)
    this.journal.set(key, entry && { ...entry, value: entry.value.clone() })
  }
}

function isOfType<T extends ValueType>(value: Value, type: T): value is OfType<T> {
  return value.type === type
}
