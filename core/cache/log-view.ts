import type { WatermarksDiff } from '../log/watermarks.ts'
import { WatermarksCopy } from '../log/watermarks-copy.ts'
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
      const outcome = await settled(underWay.done, deps)
      if (outcome === 'late' && this.#underWay === underWay) this.#underWay = null
      // Who joined a call that failed does not try again: a hundred readers would, one by one.
      if (outcome === 'failed' && underWay.number > after) return underWay.done
    }
  }

  /**
   * Numbers a call that may tell of the log beside its purpose: a write. What it tells goes to
   * `learn`, with what this returns.
   */
  begin(now: () => number): Pick<Known, 'askedAt' | 'call'> {
    this.#calls += 1
    return { askedAt: now(), call: this.#calls }
  }

  /** What such a call told; of no use when this view has fallen behind its beginning. */
  learn(head: LogHead, begun: Pick<Known, 'askedAt' | 'call'>): void {
    this.#merge(head, begun)
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

  async #askAndMerge(
    ask: AskLog,
    atLeast: number,
    { number, now }: { readonly number: number; readonly now: () => number },
  ): Promise<Known> {
    const told = { askedAt: now(), call: number }
    const since = this.#known?.copy.head ?? 0
    const head = await ask(since, Math.max(atLeast, since))
    return this.#merge(head, told) ?? this.#merge(await ask(0, atLeast), told) ?? fail()
  }

  /** `null`: the difference begins above what is known here by now, and everything is needed. */
  #merge(
    { historyId, watermarks }: LogHead,
    { askedAt, call }: Pick<Known, 'askedAt' | 'call'>,
  ): Known | null {
    const known = this.#known
    if (known?.historyId !== historyId) {
      if (watermarks.since !== 0) return null
      this.#known = { historyId, copy: new WatermarksCopy(watermarks), askedAt, call }
      return this.#known
    }
    if (!known.copy.merge(watermarks)) return null
    // Calls may overtake each other; the copy has all that either of them told.
    this.#known = {
      ...known,
      askedAt: Math.max(known.askedAt, askedAt),
      call: Math.max(known.call, call),
    }
    return this.#known
  }
}

function fail(): never {
  throw new Error('the log answered with less than everything')
}

/** `late`: its request is gone perhaps, and then it never settles. */
async function settled(
  done: Promise<Known>,
  { sleep }: Waiting,
): Promise<'told' | 'failed' | 'late'> {
  return Promise.race([
    done.then(
      () => 'told' as const,
      () => 'failed' as const,
    ),
    sleep(FOLLOWER_DEADLINE_MS).then(() => 'late' as const),
  ])
}
