import { describe, expect, it } from 'vitest'
import { type LogHead, LogView } from '../../../core/cache/log-view.ts'
import { FOLLOWER_DEADLINE_MS } from '../../../core/cache/single-flight.ts'
import { Watermarks } from '../../../core/log/watermarks.ts'
import { ManualWaiting, settled } from './manual-waiting.ts'

/** A log whose object answers when the test says so, with what it then knows. */
class Log {
  readonly waiting = new ManualWaiting()
  readonly view = new LogView()
  historyId = 'h1'
  watermarks = new Watermarks(0)
  readonly calls: {
    readonly since: number
    readonly atLeast: number
    answer(head?: LogHead): Promise<void>
    fail(): Promise<void>
  }[] = []

  ask(after = this.view.calls, atLeast = 0) {
    return this.view.ask(this.#call, { after, atLeast }, this.waiting)
  }

  head(since: number): LogHead {
    return { historyId: this.historyId, watermarks: this.watermarks.since(since) }
  }

  readonly #call = (since: number, atLeast: number): Promise<LogHead> => {
    const { promise, resolve, reject } = Promise.withResolvers<LogHead>()
    this.calls.push({
      since,
      atLeast,
      answer: (head = this.head(since)) => {
        resolve(head)
        return settled()
      },
      fail: () => {
        reject(new Error('away'))
        return settled()
      },
    })
    return promise
  }
}

describe('what an isolate knows of a log', () => {
  it('readers that wait at the same time share one call', async () => {
    const log = new Log()
    log.watermarks.touch(['e:1'], 1)
    const after = log.view.calls
    const readers = Array.from({ length: 100 }, () => log.ask(after))
    await settled()
    await log.calls[0]?.answer()
    const heads = (await Promise.all(readers)).map(({ copy }) => copy.head)
    expect([heads, log.calls]).toEqual([Array(100).fill(1), [expect.anything()]])
  })

  it('a reader does not join a call that was sent before it began (R4)', async () => {
    const log = new Log()
    const early = log.ask()
    const late = log.ask()
    await settled()
    const before = log.head(0)
    log.watermarks.touch(['e:1'], 1)
    await log.calls[0]?.answer(before)
    expect((await early).copy.head).toBe(0)
    expect(log.calls).toHaveLength(2)
    await log.calls[1]?.answer()
    expect((await late).copy.head).toBe(1)
  })

  it('a reader that needs more than a joined call told asks itself', async () => {
    const log = new Log()
    const after = log.view.calls
    const first = log.ask(after)
    const second = log.ask(after, 1)
    await settled()
    await log.calls[0]?.answer()
    expect((await first).copy.head).toBe(0)
    expect(log.calls[1]).toMatchObject({ since: 0, atLeast: 1 })
    log.watermarks.touch([], 1)
    await log.calls[1]?.answer()
    expect((await second).copy.head).toBe(1)
  })

  it('asks for what changed since it last heard, and for everything when that is of another history', async () => {
    const log = new Log()
    log.watermarks.touch(['e:1'], 7)
    const first = log.ask()
    await log.calls[0]?.answer()
    await first
    const second = log.ask()
    expect(log.calls[1]).toMatchObject({ since: 7 })
    log.historyId = 'h2'
    log.watermarks = new Watermarks(0)
    log.watermarks.touch(['e:2'], 3)
    await log.calls[1]?.answer()
    expect(log.calls[2]).toMatchObject({ since: 0 })
    await log.calls[2]?.answer()
    const { historyId, copy } = await second
    expect([historyId, copy.head]).toEqual(['h2', 3])
  })

  it('a failure is told to all who wait for that call, and the next one is sent anew', async () => {
    const log = new Log()
    const after = log.view.calls
    const readers = Promise.allSettled(Array.from({ length: 100 }, () => log.ask(after)))
    await settled()
    await log.calls[0]?.fail()
    expect((await readers).map(({ status }) => status)).toEqual(Array(100).fill('rejected'))
    expect(log.calls).toHaveLength(1)
    const next = log.ask()
    await log.calls[1]?.answer()
    expect((await next).historyId).toBe('h1')
  })

  it('one who waits for a call that never settles sends another', async () => {
    const log = new Log()
    const after = log.view.calls
    void log.ask(after)
    const follower = log.ask(after)
    await settled()
    await log.waiting.pass(FOLLOWER_DEADLINE_MS)
    expect(log.calls).toHaveLength(2)
    await log.calls[1]?.answer()
    expect((await follower).historyId).toBe('h1')
  })

  it('an answer that was overtaken by a later one of another history changes nothing (H1)', async () => {
    const log = new Log()
    const after = log.view.calls
    const slow = log.ask(after)
    const old = log.head(0)
    const fast = log.ask(after)
    await settled()
    await log.waiting.pass(FOLLOWER_DEADLINE_MS)
    log.historyId = 'h2'
    await log.calls[1]?.answer()
    expect((await fast).historyId).toBe('h2')
    await log.calls[0]?.answer(old)
    expect((await slow).historyId).toBe('h2')
    expect(log.view.known?.historyId).toBe('h2')
  })

  it('remembers the time before it asked, the latest one, unless the clock went back since (R8)', async () => {
    const log = new Log()
    const after = log.view.calls
    const asked = log.waiting.nowMs
    const first = log.ask(after)
    await log.waiting.pass(500)
    await log.calls[0]?.answer()
    expect((await first).askedAt).toBe(asked)
    log.waiting.nowMs -= 3_600_000
    const back = log.waiting.nowMs
    const second = log.ask()
    await log.calls[1]?.answer()
    expect((await second).askedAt).toBe(back)
  })
})

describe('what a write tells an isolate', () => {
  it('brings the watermarks forward, as of the time before it was sent (R4, R8)', async () => {
    const log = await asked()
    const begun = log.view.begin(log.waiting.now)
    const { nowMs } = log.waiting
    await log.waiting.pass(500)
    log.watermarks.touch(['e:1'], 1)
    log.view.learn(log.head(0), begun, log.waiting.now)
    const { known } = log.view
    expect(known).toMatchObject({ askedAt: nowMs, call: begun.call })
    expect([known?.copy.head, known?.copy.lastTouched(['e:1'])]).toEqual([1, 1])
  })

  it('is enough for a reader who began before it was sent, and for no other (R4)', async () => {
    const log = await asked()
    const before = log.view.calls
    const begun = log.view.begin(log.waiting.now)
    const meanwhile = log.view.calls
    log.watermarks.touch(['e:1'], 1)
    log.view.learn(log.head(0), begun, log.waiting.now)
    expect((await log.ask(before)).copy.head).toBe(1)
    expect(log.calls).toHaveLength(1)
    void log.ask(meanwhile)
    expect(log.calls).toHaveLength(2)
  })

  it('is not enough for a reader who needs more than it told', async () => {
    const log = await asked()
    const before = log.view.calls
    log.view.learn(log.head(0), log.view.begin(log.waiting.now), log.waiting.now)
    void log.ask(before, 1)
    expect(log.calls[1]).toMatchObject({ atLeast: 1 })
  })

  it('changes nothing where it begins above what is known, or is of another history (R4, H1)', async () => {
    const log = await asked()
    const known = log.view.known
    for (let seq = 1; seq <= 5; seq += 1) log.watermarks.touch([`e:${seq}`], seq)
    const begun = log.view.begin(log.waiting.now)
    log.view.learn(log.head(3), begun, log.waiting.now)
    log.view.learn({ ...log.head(3), historyId: 'h2' }, begun, log.waiting.now)
    expect(log.view.known).toBe(known)
    expect(known?.copy.head).toBe(0)
  })

  it('that a later call has overtaken leaves what that one told (H1)', async () => {
    const log = await asked()
    const begun = log.view.begin(log.waiting.now)
    const old = log.head(0)
    log.historyId = 'h2'
    const later = log.ask()
    await log.calls[1]?.answer()
    expect((await later).historyId).toBe('h2')
    log.view.learn(old, begun, log.waiting.now)
    expect(log.view.known?.historyId).toBe('h2')
  })
})

/** A view that has asked once, and knows of nothing. */
async function asked(): Promise<Log> {
  const log = new Log()
  const first = log.ask()
  await log.calls[0]?.answer()
  await first
  return log
}
