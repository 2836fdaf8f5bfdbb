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
}

type Sent = { readonly number: number; readonly now: () => number }

type Call = { readonly number: number; readonly done: Promise<Known> }

/** What one isolate knows of one log, and its calls to the log's object. */
export class LogView {
  #known: Known | null = null
  #calls = 0
  /** The latest call of which an answer is in what is known. */
  #latest = 0
  #underWay: Call | null = null

  get known(): Known | null {
    return this.#known
  }

  /** The number of calls sent so far: one that a reader may join has a higher number (R4). */
  get calls(): number {
    return this.#calls
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
      const underWay = this.#underWay
      if (!underWay) return this.#send(ask, atLeast, deps).done
      const joins = underWay.number > after
      // The failure of a call that began before is not one of ours.
      const outcome = await settled(joins ? underWay.done : underWay.done.catch(() => null), deps)
      if (this.#underWay === underWay) this.#underWay = null
      if (joins && outcome !== null && outcome.copy.head >= atLeast) return outcome
    }
  }

  #send(ask: AskLog, atLeast: number, deps: Waiting & { readonly now: () => number }): Call {
    this.#calls += 1
    const number = this.#calls
    const call: Call = { number, done: this.#askAndMerge(ask, atLeast, { number, now: deps.now }) }
    this.#underWay = call
    const ended = call.done
      .catch(() => undefined)
      .then(() => {
        if (this.#underWay === call) this.#underWay = null
      })
    deps.waitUntil(ended)
    return call
  }

  async #askAndMerge(ask: AskLog, atLeast: number, sent: Sent): Promise<Known> {
    const askedAt = sent.now()
    const since = this.#known?.copy.head ?? 0
    const head = await ask(since, atLeast)
    const merged = this.#merge(head, askedAt, sent)
    return merged ?? this.#merge(await ask(0, atLeast), askedAt, sent) ?? fail()
  }

  /** `null`: the difference begins above what is known here by now, and everything is needed. */
  #merge({ historyId, watermarks }: LogHead, askedAt: number, sent: Sent): Known | null {
    const known = this.#known
    if (known?.historyId !== historyId) {
      // Calls may overtake each other: what a later one told of another history stands (H1).
      if (known && sent.number < this.#latest) return known
      if (watermarks.since !== 0) return null
      this.#known = { historyId, copy: new WatermarksCopy(watermarks), askedAt }
    } else {
      if (!known.copy.merge(watermarks)) return null
      // The copy has all that either of two calls told.
      this.#known = { ...known, askedAt: laterTime(known.askedAt, askedAt, sent.now()) }
    }
    this.#latest = Math.max(this.#latest, sent.number)
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
