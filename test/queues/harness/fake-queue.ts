import type { QueueMessage } from '../../../queues/dispatch.ts'
import { type Lane, type Pointer, toMessage } from '../../../queues/messages.ts'

export type QueueFaults = {
  /** Probabilities that a message is lost, that it is delivered twice, and that an ack gets lost. */
  readonly loss: number
  readonly double: number
  readonly ackLoss: number
}

type Held = { readonly id: string; readonly body: unknown; attempts: number }

/**
 * A queue as bad as queues may be: loses and doubles messages, and hands them over in any order. What
 * was handed over and neither acknowledged nor given back, because who had it died, comes again.
 */
export class FakeQueue {
  readonly #random: () => number
  readonly #faults: QueueFaults
  readonly #waiting: Held[] = []
  #nextId = 0
  readonly count = { sent: 0, lost: 0, doubled: 0, delivered: 0, again: 0 }

  constructor(random: () => number, faults: QueueFaults) {
    this.#random = random
    this.#faults = faults
  }

  /** Delays are not waited for: an early message is one more that comes at the wrong time. */
  send = async (_lane: Lane, pointer: Pointer, _delaySeconds: number): Promise<void> => {
    this.count.sent += 1
    if (this.#random() < this.#faults.loss) {
      this.count.lost += 1
      return
    }
    this.#push(toMessage(pointer))
    if (this.#random() < this.#faults.double) {
      this.count.doubled += 1
      this.#push(toMessage(pointer))
    }
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0
  }

  /** Up to `most` messages in any order, and what to call when whoever took them has died or is done. */
  take(most: number): { readonly messages: QueueMessage[]; settle(): void } {
    const taken: { held: Held; isAcked: boolean }[] = []
    while (taken.length < most && this.#waiting.length > 0) {
      const [held] = this.#waiting.splice(Math.floor(this.#random() * this.#waiting.length), 1)
      if (held) taken.push({ held, isAcked: false })
    }
    this.count.delivered += taken.length
    const messages = taken.map(
      (each): QueueMessage => ({
        id: each.held.id,
        body: each.held.body,
        attempts: each.held.attempts,
        ack: () => {
          each.isAcked = this.#random() >= this.#faults.ackLoss
        },
        retry: () => {},
      }),
    )
    const settle = () => {
      for (const { held, isAcked } of taken) {
        if (isAcked) continue
        this.count.again += 1
        held.attempts += 1
        this.#waiting.push(held)
      }
    }
    return { messages, settle }
  }

  #push(body: unknown): void {
    this.#nextId += 1
    this.#waiting.push({ id: `m${this.#nextId}`, body, attempts: 1 })
  }
}
