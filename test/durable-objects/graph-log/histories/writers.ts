import type { GraphRequest } from '../../../../core/log/requests.ts'
import { type Attempt, isSettled, isUnknown } from './attempts.ts'
import type { Beliefs } from './beliefs.ts'
import type { Instances } from './instances.ts'
import type { Random } from './random.ts'
import { newRequest, repeatOf } from './requests.ts'

/** Writers of one graph: what they send, what they are told, and what they do about it. */
export class Writers {
  readonly attempts: Attempt[] = []
  readonly #instances: Instances
  readonly #random: Random
  readonly #beliefs: Beliefs
  readonly #byCommit = new Map<string, Attempt[]>()
  #clock = 0
  #calls = 0

  constructor(instances: Instances, beliefs: Beliefs, random: Random) {
    this.#instances = instances
    this.#beliefs = beliefs
    this.#random = random
  }

  /** One writer sends this many new requests, one after the other, and what they lead to. */
  async write(requests: number): Promise<void> {
    const random = this.#random
    for (let i = 0; i < requests; i += 1) {
      const request = newRequest(random, this.#beliefs)
      const calls = random.chance(0.06) ? 2 + random.below(2) : 1
      const told = await Promise.all(
        Array.from({ length: calls }, (_, call) =>
          this.#ask(call === 0 ? request : this.#again(request)),
        ),
      )
      for (const attempt of told) await this.#follow(attempt)
      if (random.chance(0.1)) await this.#repeatSomething()
    }
  }

  /** Asks about every commit id of unknown outcome until the log has said what became of it. */
  async settle(): Promise<void> {
    for (const [, attempts] of this.#byCommit) {
      for (let calls = 0; calls < 10 && !isSettled(attempts); calls += 1) {
        const [first] = attempts
        if (first) await this.#ask(this.#again(first.request))
      }
    }
  }

  async #ask(request: GraphRequest): Promise<Attempt> {
    const askedAt = this.#tick()
    const answered = await this.#instances.submit(request)
    const attempt = { request, askedAt, ...answered, toldAt: this.#tick() }
    this.attempts.push(attempt)
    const { commitId } = request
    this.#byCommit.set(commitId, [...(this.#byCommit.get(commitId) ?? []), attempt])
    this.#beliefs.learn(request, attempt.told)
    return attempt
  }

  #tick(): number {
    this.#clock += 1
    return this.#clock
  }

  #again(request: GraphRequest): GraphRequest {
    this.#calls += 1
    const again = repeatOf(request, this.#random, this.#calls + 1)
    return { ...again, schemaSeq: this.#beliefs.schemaSeq }
  }

  /** What a client does next: most repeat what is not known yet, some only later, some never. */
  async #follow(attempt: Attempt): Promise<void> {
    const random = this.#random
    for (let last = attempt, calls = 0; calls < 5; calls += 1) {
      const isOpen = isUnknown(last) || last.told.status === 'schema_moved'
      const isWorthIt = isOpen ? 0.8 : last.told.status === 'not_committed' ? 0.5 : 0.05
      if (!random.chance(isWorthIt)) return
      last = await this.#ask(this.#again(last.request))
    }
  }

  /** Repeats any former call, also one with an answer; sometimes as if it were another request. */
  async #repeatSomething(): Promise<void> {
    const { request, told } = this.#random.pick(this.attempts)
    const isForged = told.status === 'committed' && this.#random.chance(0.2)
    const again = this.#again(request)
    await this.#ask(isForged ? { ...again, fingerprint: 'another' } : again)
  }
}
