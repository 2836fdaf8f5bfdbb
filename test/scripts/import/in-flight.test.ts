import { describe, expect, it } from 'vitest'
import type { Batch } from '../../../scripts/import/batches.ts'
import { sendInOrder } from '../../../scripts/import/in-flight.ts'
import { each } from '../../core/formats/cut.ts'

function batch(firstRow: number, ...names: string[]): Batch {
  return { firstRow, rowCount: 1, rows: [], bad: [], names: new Set(names) }
}

type Answer = { readonly resolve: () => void; readonly reject: (error: Error) => void }

/** Sends batches to a server that answers when it is told to; `log` has what happened in which order. */
function sending(batches: readonly Batch[], maxInFlight: number) {
  const log: string[] = []
  const answers = new Map<number, Answer>()
  const signals: AbortSignal[] = []
  const send = ({ firstRow }: Batch, signal: AbortSignal) => {
    log.push(`sent ${firstRow}`)
    signals.push(signal)
    return new Promise<void>((resolve, reject) => answers.set(firstRow, { resolve, reject }))
  }
  const done = (async () => {
    for await (const { batch } of sendInOrder(each(batches), maxInFlight, send)) {
      log.push(`done ${batch.firstRow}`)
    }
  })()
  return { log, answers, signals, done }
}

/** Lets everything run that can run without an answer. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe('batches on their way', () => {
  it('are a few at once, and their results come in the order of the file', async () => {
    const { log, answers, done } = sending(
      [0, 1, 2, 3].map((n) => batch(n, `${n}`)),
      3,
    )
    await settled()
    expect(log).toEqual(['sent 0', 'sent 1', 'sent 2'])
    answers.get(2)?.resolve()
    answers.get(1)?.resolve()
    await settled()
    expect(log).toEqual(['sent 0', 'sent 1', 'sent 2'])
    answers.get(0)?.resolve()
    await settled()
    expect(log.slice(3)).toEqual(['done 0', 'sent 3', 'done 1', 'done 2'])
    answers.get(3)?.resolve()
    await done
    expect(log.at(-1)).toBe('done 3')
  })

  it('wait for each other when they name the same record, since the later row counts', async () => {
    const batches = [batch(0, 'a', 'b'), batch(1, 'c'), batch(2, 'd', 'b'), batch(3, 'e')]
    const { log, answers, done } = sending(batches, 4)
    await settled()
    expect(log).toEqual(['sent 0', 'sent 1'])
    answers.get(0)?.resolve()
    await settled()
    expect(log.slice(2)).toEqual(['done 0', 'sent 2', 'sent 3'])
    for (const n of [1, 2, 3]) answers.get(n)?.resolve()
    await done
    expect(log.slice(-3)).toEqual(['done 1', 'done 2', 'done 3'])
  })

  it('are given up at the first failure, and nothing after it counts as done', async () => {
    const { log, answers, signals, done } = sending(
      [0, 1, 2, 3].map((n) => batch(n, `${n}`)),
      2,
    )
    await settled()
    answers.get(1)?.resolve()
    answers.get(0)?.reject(new Error('the server is gone'))
    await expect(done).rejects.toThrow('the server is gone')
    expect(log).toEqual(['sent 0', 'sent 1'])
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, true])
  })
})
