import { describe, expect, it } from 'vitest'
import { Cache } from '../../../../core/cache/cache.ts'
import type { Freshness, LogReader } from '../../../../core/cache/log-reader.ts'
import { LogView } from '../../../../core/cache/log-view.ts'
import { MemoryTier } from '../../../../core/cache/memory.ts'
import { SingleFlight } from '../../../../core/cache/single-flight.ts'
import { notFound } from '../../../../core/errors.ts'
import { Watermarks } from '../../../../core/log/watermarks.ts'
import { whileNamesHold } from '../../../../workers/operations/topology/while-names-hold.ts'

const HISTORY = '050b130e-c9fa-46b0-aa5c-99348927ed4e'
const FRESHNESS: Freshness = { consistency: { level: 'session' }, bookmark: null, arrivedAt: 0 }

/** A graph in which `sfo` names `a`, or what `rename` says, and whoever asks for an answer gets `id@seq`. */
class NamedGraph {
  readonly watermarks = new Watermarks(0)
  readonly #there = new Set(['a'])
  #id: string | null = 'a'
  isLogAway = false
  lookUps = 0
  runs = 0
  /** Called between a look-up and the answer. */
  between: (run: number) => void = () => {}

  constructor() {
    this.watermarks.touch(['x:sfo'], 1)
  }

  get seq(): number {
    return this.watermarks.head
  }

  /** Something happens that has nothing to do with the name. */
  writeElsewhere(): void {
    this.watermarks.touch(['e:other'], this.seq + 1)
  }

  /** What the name stood for is deleted, and something else gets it; `null`: nothing does. */
  rename(id: string | null, { isFormerLeft = false } = {}): void {
    this.watermarks.touch(['x:sfo'], this.seq + 1)
    if (this.#id && !isFormerLeft) this.#there.delete(this.#id)
    if (id) this.#there.add(id)
    this.#id = id
  }

  ask(): Promise<{ readonly answer: string; readonly at: { historyId: string; seq: number } }> {
    return whileNamesHold({
      ...{ log: this.#reader(), freshness: FRESHNESS, tags: ['x:sfo'] },
      lookUp: async () => {
        this.lookUps += 1
        if (this.#id === null) throw notFound('sfo')
        return { ids: [this.#id], seq: this.seq, historyId: HISTORY }
      },
      run: async ([id = '']) => {
        this.runs += 1
        this.between(this.runs)
        if (!this.#there.has(id)) throw notFound(id)
        return { answer: `${id}@${this.seq}`, at: { historyId: HISTORY, seq: this.seq } }
      },
    })
  }

  #reader(): LogReader {
    const waiting = { sleep: () => new Promise<void>(() => {}), waitUntil: () => {} }
    const memory = new MemoryTier(1_000, () => 0)
    return {
      ...{ view: new LogView(), after: 0, flights: new SingleFlight(), now: () => 0, waiting },
      ask: async (since) => {
        if (this.isLogAway) throw new Error('away')
        return { historyId: HISTORY, watermarks: this.watermarks.since(since) }
      },
      cache: new Cache({ memory, tiers: [], waiting, onEvent: () => {} }),
      keyPrefix: (historyId) => historyId,
    }
  }
}

describe('an answer about an external id', () => {
  it('is asked for once where nothing touches the id meanwhile', async () => {
    const graph = new NamedGraph()
    graph.between = () => graph.writeElsewhere()
    expect((await graph.ask()).answer).toBe('a@2')
    expect(graph).toMatchObject({ lookUps: 1, runs: 1 })
  })

  it('is about what has the id at its seq, when another got it in between', async () => {
    for (const isFormerLeft of [false, true]) {
      const graph = new NamedGraph()
      graph.between = (run) => {
        if (run === 1) graph.rename('b', { isFormerLeft })
      }
      expect((await graph.ask()).answer).toBe('b@2')
      expect(graph.runs).toBe(2)
    }
  })

  it('is 404 when nothing has the id any more', async () => {
    const graph = new NamedGraph()
    graph.between = () => graph.rename(null)
    await expect(graph.ask()).rejects.toMatchObject({ code: 'not_found', message: /sfo/ })
  })

  it('is 404 at once when something else is missing', async () => {
    const graph = new NamedGraph()
    graph.between = () => {
      graph.writeElsewhere()
      throw notFound('another')
    }
    await expect(graph.ask()).rejects.toMatchObject({ code: 'not_found', message: /another/ })
    expect(graph.runs).toBe(1)
  })

  it('is had without the log when the id still stands for the same at the seq of the answer', async () => {
    const graph = new NamedGraph()
    graph.isLogAway = true
    graph.between = () => graph.writeElsewhere()
    expect((await graph.ask()).answer).toBe('a@2')
    expect(graph).toMatchObject({ lookUps: 2, runs: 1 })
  })

  it('is refused when the id keeps changing', async () => {
    const graph = new NamedGraph()
    graph.between = (run) => graph.rename(`b${run}`, { isFormerLeft: true })
    await expect(graph.ask()).rejects.toMatchObject({ code: 'unavailable' })
  })
})
