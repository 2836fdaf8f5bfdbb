import { Worker } from 'node:worker_threads'
import type { Outcome, Work } from './worker.ts'

/** Runs one piece of work in a thread of its own, with the modules as Node itself loads them. */
export function runInThread(work: Work): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(`${import.meta.dirname}/worker.ts`, {
      workerData: work,
      execArgv: [],
    })
    worker.once('message', resolve)
    worker.once('error', reject)
    worker.once('exit', () => reject(new Error('the thread has ended without a word')))
  })
}

/** Does all the work, `atOnce` pieces beside each other. */
export async function runInThreads<T>(
  pieces: readonly T[],
  run: (piece: T) => Promise<void>,
  atOnce: number,
): Promise<void> {
  const waiting = pieces.values()
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const piece of waiting) await run(piece)
    }),
  )
}
