import { footprint } from '../../../core/log/footprint.ts'
import type { GraphRequest } from '../../../core/log/requests.ts'
import { DatabaseError } from '../../../db/client.ts'
import type { LogStore } from '../../../db/log-store.ts'
import { LogRunner } from '../../../durable-objects/graph-log/runner.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'
import type { Primary } from './primary.ts'
import type { Scheduler } from './scheduler.ts'
import { delayMs, type Weather } from './weather.ts'

type Runner = LogRunner<GraphRequest>

type Instance = {
  readonly runner: Runner
  /** In memory: it hears answers. The platform may have started another one meanwhile. */
  isAlive: boolean
  /** Callers that wait for it. */
  readonly callers: Set<(error: Error) => void>
}

/**
 * A log's Durable Object as the platform runs it: one instance gets all calls, and may go at any
 * moment. Its uniqueness is checked when a call starts and when it reads its storage, so that an
 * instance that was replaced can go on for a while with what it has begun (C2).
 */
export class LogObject {
  isAway = false
  readonly #primary: Primary
  readonly #scheduler: Scheduler
  readonly #random: Random
  readonly #weather: Weather
  #current: Instance

  constructor(primary: Primary, scheduler: Scheduler, random: Random, weather: Weather) {
    this.#primary = primary
    this.#scheduler = scheduler
    this.#random = random
    this.#weather = weather
    this.#current = this.#start()
  }

  /** Carries a call to the current instance now; `deliver` and `fail` tell its caller. */
  receive<T>(
    call: (runner: Runner) => T | Promise<T>,
    deliver: (answer: T) => void,
    fail: (error: Error) => void,
  ): void {
    if (this.isAway) {
      fail(new Error('the object is away'))
      return
    }
    const instance = this.#current
    instance.callers.add(fail)
    const settle = (tell: () => void) => {
      // An instance that is gone tells nobody anything: its callers have heard of that.
      if (instance.callers.delete(fail)) tell()
    }
    let answer: T | Promise<T>
    try {
      answer = call(instance.runner)
    } catch (error) {
      settle(() => fail(error as Error))
      return
    }
    if (answer instanceof Promise) {
      answer.then(
        (value) => settle(() => deliver(value)),
        (error) => settle(() => fail(error)),
      )
    } else settle(() => deliver(answer as T))
  }

  /** The instance loses its memory, and the next call meets a new one. */
  evict(): void {
    this.#kill(this.#current)
    this.#current = this.#start()
  }

  /** A new instance gets all calls from now on; the old one has not noticed. */
  double(): void {
    const former = this.#current
    this.#current = this.#start()
    this.#scheduler.schedule(this.#random.below(3_000), () => this.#kill(former))
  }

  #kill(instance: Instance): void {
    instance.isAlive = false
    for (const fail of instance.callers) fail(new Error('the object was evicted'))
    instance.callers.clear()
  }

  #start(): Instance {
    const store = this.#reached(() => instance)
    const instance: Instance = {
      runner: new LogRunner(store, footprint, {
        watermarks: this.#weather.watermarks,
        confirmInstance: () => this.#confirm(instance),
      }),
      isAlive: true,
      callers: new Set(),
    }
    return instance
  }

  #confirm(instance: Instance): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#scheduler.schedule(this.#random.below(3), () => {
        if (!instance.isAlive) return
        if (instance === this.#current) resolve()
        else reject(new Error('another instance has taken over'))
      })
    })
  }

  /** The database as an instance reaches it: late, not at all, or without hearing of it. */
  #reached(instanceOf: () => Instance): LogStore<GraphRequest> {
    const { store } = this.#primary
    return {
      open: (commitIds) => this.#send(instanceOf(), () => store.open(commitIds)),
      commit: (fence, group) => {
        const sent = this.#send(instanceOf(), () => store.commit(fence, group))
        if (!this.#random.chance(this.#weather.chances.commitLate)) return sent
        sent.catch(() => {
          // Refused by the fence, most likely; nobody waits for it.
        })
        return Promise.reject(lost())
      },
    }
  }

  #send<T>(instance: Instance, work: () => Promise<T>): Promise<T> {
    const { chances, database } = this.#weather
    const random = this.#random
    return new Promise((resolve, reject) => {
      const back = (tell: () => void) => {
        if (random.chance(chances.evictedMidway)) this.#evictIfCurrent(instance)
        this.#scheduler.schedule(delayMs(random, database), () => {
          if (instance.isAlive) tell()
        })
      }
      this.#scheduler.schedule(delayMs(random, database), () => {
        if (random.chance(chances.evictedMidway)) this.#evictIfCurrent(instance)
        if (this.#primary.isAway || random.chance(chances.commitLost)) {
          back(() => reject(lost()))
          return
        }
        const isAnswerLost = random.chance(chances.commitLost)
        work().then(
          (result) => back(() => (isAnswerLost ? reject(lost()) : resolve(result))),
          (error) => back(() => reject(error)),
        )
      })
    })
  }

  #evictIfCurrent(instance: Instance): void {
    if (instance === this.#current) this.evict()
  }
}

function lost(): DatabaseError {
  return new DatabaseError('the connection was lost', { certain: false, cause: null })
}
