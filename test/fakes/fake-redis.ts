import type { RedisCommands } from '../../core/cache/redis-tier.ts'

/** The cache's Redis as a map, with the clock of `Date.now`. Each call takes `latencyMs`. */
export class FakeRedis implements RedisCommands {
  readonly #values = new Map<string, { readonly text: string; readonly endsAt: number }>()
  /** Commands so far, by name. */
  readonly calls: Record<string, number> = {}
  latencyMs = 1
  isDown = false

  async mget(keys: readonly string[]): Promise<readonly (string | null)[]> {
    await this.#call('mget')
    return keys.map((key) => this.#get(key))
  }

  async setAll(
    entries: Parameters<RedisCommands['setAll']>[0],
    ended: Parameters<RedisCommands['setAll']>[1],
  ): Promise<void> {
    await this.#call('setAll')
    for (const [key, text, ttlMs] of entries) this.#set(key, text, ttlMs)
    for (const { key, owner } of ended) if (this.#get(key) === owner) this.#values.delete(key)
  }

  async del(keys: readonly string[]): Promise<void> {
    await this.#call('del')
    for (const key of keys) this.#values.delete(key)
  }

  async claim(
    key: string,
    lease: { readonly key: string; readonly owner: string },
    { above, ttlMs }: { readonly above: number; readonly ttlMs: number },
  ): Promise<{ readonly value: string | null; readonly isOurs: boolean }> {
    await this.#call('claim')
    const value = this.#get(key)
    if (value !== null && Number.parseInt(value, 10) > above) return { value, isOurs: false }
    const isOurs = this.#get(lease.key) === null
    if (isOurs) this.#set(lease.key, lease.owner, ttlMs)
    return { value: null, isOurs }
  }

  /** Keys of leases that somebody has. */
  leases(): string[] {
    return [...this.#values.keys()].filter(
      (key) => key.endsWith('#loading') && this.#get(key) !== null,
    )
  }

  async #call(name: string): Promise<void> {
    this.calls[name] = (this.calls[name] ?? 0) + 1
    await new Promise((resolve) => setTimeout(resolve, this.latencyMs))
    if (this.isDown) throw new Error('Redis is down')
  }

  #get(key: string): string | null {
    const value = this.#values.get(key)
    return value && value.endsAt > Date.now() ? value.text : null
  }

  #set(key: string, text: string, ttlMs: number): void {
    this.#values.set(key, { text, endsAt: Date.now() + ttlMs })
  }
}
