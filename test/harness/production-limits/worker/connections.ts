/** Connections that one invocation may have open at once; a seventh waits. */
export const MAX_CONNECTIONS = 6

/** The connections of one invocation. */
export class Connections {
  #open = 0
  readonly #waiting: (() => void)[] = []

  /**
   * Resolves with how to close the connection, as soon as one may be opened. Rejects with the reason
   * of `signal` when that comes first.
   */
  async open(signal?: AbortSignal | null): Promise<() => void> {
    signal?.throwIfAborted()
    if (this.#open < MAX_CONNECTIONS) this.#open++
    else await this.#turn(signal)
    let isOpen = true
    return () => {
      if (isOpen) this.#close()
      isOpen = false
    }
  }

  #turn(signal: AbortSignal | null | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        signal?.removeEventListener('abort', giveUp)
        resolve()
      }
      const giveUp = () => {
        this.#waiting.splice(this.#waiting.indexOf(start), 1)
        reject(signal?.reason)
      }
      signal?.addEventListener('abort', giveUp, { once: true })
      this.#waiting.push(start)
    })
  }

  /** Hands the connection to who waits longest. */
  #close(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#open--
  }
}
