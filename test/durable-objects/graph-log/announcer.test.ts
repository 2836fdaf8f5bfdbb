import { describe, expect, it } from 'vitest'
import { Announcer } from '../../../durable-objects/graph-log/announcer.ts'

/** A clock that only pauses move on. */
function world(send: () => Promise<void> = async () => {}) {
  const sentAt: number[] = []
  let nowMs = 1_000_000
  const announcer = new Announcer({
    send: async () => {
      sentAt.push(nowMs)
      await send()
    },
    now: () => nowMs,
    pause: async (ms) => {
      nowMs += ms
    },
    intervalMs: 1_000,
  })
  return { announcer, sentAt, pass: (ms: number) => (nowMs += ms) }
}

describe('what a log’s object tells the queue', () => {
  it('goes out at once after a quiet time', async () => {
    const { announcer, sentAt, pass } = world()
    await announcer.announce()
    pass(1_000)
    await announcer.announce()
    expect(sentAt).toEqual([1_000_000, 1_001_000])
  })

  it('of a thousand commits at once is two messages, an interval apart', async () => {
    const { announcer, sentAt } = world()
    const works = Array.from({ length: 1_000 }, () => announcer.announce())
    expect(works.filter((work) => work !== null)).toHaveLength(1)
    await Promise.all(works)
    expect(sentAt).toEqual([1_000_000, 1_001_000])
  })

  it('of commits one after the other is one message per interval, the last one included', async () => {
    const { announcer, sentAt, pass } = world()
    for (let i = 0; i < 100; i += 1) {
      await announcer.announce()
      pass(10)
    }
    const gaps = sentAt.slice(1).map((at, i) => at - (sentAt[i] ?? 0))
    expect(Math.min(...gaps)).toBe(1_000)
    expect(sentAt.length).toBe(100)
  })

  it('that fails is given up, and the next goes out', async () => {
    let isDown = true
    const { announcer, sentAt, pass } = world(async () => {
      if (isDown) throw new Error('the queue is away')
    })
    await announcer.announce()
    isDown = false
    pass(5_000)
    await announcer.announce()
    expect(sentAt).toHaveLength(2)
  })
})
