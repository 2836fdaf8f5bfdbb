import type { WatermarksDiff } from '../log/watermarks.ts'
import { WatermarksCopy } from '../log/watermarks-copy.ts'
import { laterTime } from './age.ts'
import { FOLLOWER_DEADLINE_MS, type Waiting } from './single-flight.ts'

/** What a log's object answers about its watermarks. */
export type LogHead = { readonly historyId: string; readonly watermarks: WatermarksDiff }

/**
 * Asks the log's object for what changed after `since`. An object that knows of no `atLeast` looks
 * into the database first. Rejects when the object is away.
 */
export type AskLog = (since: number, atLeast: number) => Promise<LogHead>

/** What is known of a log at some moment: its watermarks, and the time before they were asked for. */
export type Known = {
  readonly historyId: string
  readonly copy: WatermarksCopy
  /** Everything acknowledged before it is in the copy (R8). */
  readonly askedAt: number
  /** The number of the latest call that told it. */
  readonly call: number
}

/** A call that may tell of the log: its number, and the time before it was sent. */
export type Begun = Pick<Known, 'askedAt' | 'call'>

type Call = { readonly number: number; readonly done: Promise<Known> }

/** What one isolate knows of one log, and its calls to the log's object. */
export class LogView {
  #known: Known | null = null
  #calls = 0
  #underWay: Call | null = null

  get known(): Known | null {
    return this.#known
  }

  /** The number of calls sent so far: one that a reader may join has a higher number (R4). */
  get calls(): number {
    return this.#calls
  }

  /** Whether a call to the log's object is under way. */
  get isAsking(): boolean {
    return this.#underWay !== null
  }

  /**
   * What the log's object knows now, at least `atLeast` unless the log does not reach there. Readers
   * that wait at the same time share calls: each joins only a call sent after its own `after`, a
   * value that `calls` had when the read began (R4; a counter, since timestamps tie).
   */
  async ask(
    ask: AskLog,
    { after, atLeast }: { readonly after: number; readonly atLeast: number },
    deps: Waiting & { readonly now: () => number },
  ): Promise<Known> {
    for (;;) {
      const known = this.#known
      if (known && known.call > after && known.copy.head >= atLeast) return known
      const underWay = this.#underWay
      if (!underWay) return this.#send(ask, atLeast, deps).done
      const joins = underWay.number > after
      // The failure of a call that began before is not one of ours.
      const outcome = await settled(joins ? underWay.done : underWay.done.catch(() => null), deps)
      if (this.#underWay === underWay) this.#underWay = null
      if (joins && outcome !== null && outcome.copy.head >= atLeast) return outcome
    }
  }

  /**
   * Numbers a call that may tell of the log beside its purpose: a write. What it tells goes to
   * `learn`, with what this returns.
   */
  begin(now: () => number): Begun {
    this.#calls += 1
    return { askedAt: now(), call: this.#calls }
  }

  /** What such a call told; of no use when this view has fallen behind its beginning. */
  learn(head: LogHead, begun: Begun, now: () => number): void {
    this.#merge(head, begun, now)
  }

  #send(ask: AskLog, atLeast: number, deps: Waiting & { readonly now: () => number }): Call {
    const begun = this.begin(deps.now)
    const done = this.#askAndMerge(ask, atLeast, { begun, now: deps.now })
    const call: Call = { number: begun.call, done }
    this.#underWay = call
    const ended = call.done
      .catch(() => undefined)
      .then(() => {
        if (this.#underWay === call) this.#underWay = null
      })
    deps.waitUntil(ended)
    return call
  }

  async #askAndMerge(
    ask: AskLog,
    atLeast: number,
    { begun, now }: { readonly begun: Begun; readonly now: () => number },
  ): Promise<Known> {
    const since = this.#known?.copy.head ?? 0
    const head = await ask(since, atLeast)
    const merged = this.#merge(head, begun, now) ?? this.#merge(await ask(0, atLeast), begun, now)
    return merged ?? fail()
  }

  /** `null`: the difference begins above what is known here by now, and everything is needed. */
  #merge(
    { historyId, watermarks }: LogHead,
    { askedAt, call }: Begun,
    now: () => number,
  ): Known | null {
    const known = this.#known
    if (known?.historyId !== historyId) {
      // Calls may overtake each other: what a later one told of another history stands (H1).
      if (known && call < known.call) return known
      if (watermarks.since !== 0) return null
      this.#known = { historyId, copy: new WatermarksCopy(watermarks), askedAt, call }
      return this.#known
    }
    if (!known.copy.merge(watermarks)) return null
    // The copy has all that either of two calls told.
    this.#known = {
      ...known,
      askedAt: laterTime(known.askedAt, askedAt, now()),
      call: Math.max(known.call, call),
    }
    return this.#known
  }
}

function fail(): never {
  throw new Error('the log answered with less than everything')
}

/** `null`: too late, perhaps because the request that made the call is gone. */
async function settled(done: Promise<Known | null>, { sleep }: Waiting): Promise<Known | null> {
  return Promise.race([done, sleep(FOLLOWER_DEADLINE_MS).then(() => null)])
}
