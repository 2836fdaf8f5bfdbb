import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parentPort, workerData } from 'node:worker_threads'
import { mutated } from './mutants.ts'

/** What a thread is asked to do. */
export type Work = {
  readonly firstSeed: number
  readonly histories: number
  readonly operations: number
  readonly mutant: string | null
}

export type Failure = { readonly seed: number; readonly problems: readonly string[] }

/** Ends at the first history with a problem when there is a mutant. */
export type Outcome = {
  readonly histories: number
  readonly operations: number
  readonly failures: readonly Failure[]
}

const ROOT = `${import.meta.dirname}/../..`

const { firstSeed, histories, operations, mutant } = workerData as Work

/** Shows each file only to the thread that wants it otherwise: nothing on the disk changes. */
if (mutant !== null) {
  let isChanged = false
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context)
      if (!url.startsWith('file:') || !loaded.source) return loaded
      const file = relative(ROOT, fileURLToPath(url))
      const source = loaded.source.toString()
      const changed = mutated(mutant, file, source)
      isChanged ||= changed !== source
      return changed === source ? loaded : { ...loaded, source: changed }
    },
  })
  process.on('exit', () => {
    if (!isChanged) throw new Error(`${mutant}: its file was never loaded`)
  })
}

// Errors are thrown by the thousand here, and nobody looks at where.
Error.stackTraceLimit = 0
const { runHistories } = await import('./run-histories.ts')
const { problemsOf } = await import('./check.ts')

const failures: Failure[] = []
const done = { histories: 0, operations: 0 }
const seeds = Array.from({ length: histories }, (_, i) => firstSeed + i)
await runHistories(seeds, operations, (history) => {
  done.histories += 1
  done.operations += history.operations.length
  const problems = problemsOf(history)
  if (problems.length > 0) failures.push({ seed: history.seed, problems })
  return mutant === null || failures.length === 0
})
parentPort?.postMessage({ ...done, failures } satisfies Outcome)
