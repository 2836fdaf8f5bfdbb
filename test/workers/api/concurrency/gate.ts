/** Lets many in at once, or one alone. */
export class Gate {
  #inside = 0
  #closed: Promise<void> | null = null
  #emptied: (() => void) | null = null

  /** Runs `use` beside others; waits while somebody is alone. */
  async among<T>(use: () => Promise<T>): Promise<T> {
    while (this.#closed) await this.#closed
    this.#inside += 1
    try {
      return await use()
    } finally {
      this.#inside -= 1
      if (this.#inside === 0) this.#emptied?.()
    }
  }

  /** Runs `use` when all others are out, and before any more come in. */
  async alone(use: () => Promise<void>): Promise<void> {
    while (this.#closed) await this.#closed
    const { promise, resolve: open } = Promise.withResolvers<void>()
    this.#closed = promise
    try {
      if (this.#inside > 0) await new Promise<void>((emptied) => (this.#emptied = emptied))
      await use()
    } finally {
      this.#closed = null
      this.#emptied = null
      open()
    }
  }
}
