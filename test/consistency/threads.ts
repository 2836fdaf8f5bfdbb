import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Outcome, Work } from './worker.ts'

/**
 * Does all the work in `threads` threads, with the modules as Node itself loads them, and hands each
 * outcome on.
 */
export async function workInThreads(
  threads: number,
  all: readonly Work[],
  done: (work: Work, outcome: Outcome) => void,
): Promise<void> {
  const waiting = all.values()
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(`${import.meta.dirname}/worker.ts`, { execArgv: [] })
      try {
        for (const work of waiting) {
          worker.postMessage(work)
          const [answer] = await once(worker, 'message')
          if (answer instanceof Error) throw answer
          done(work, answer as Outcome)
        }
      } finally {
        await worker.terminate()
      }
    }),
  )
}
