import { registerHooks } from 'node:module'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { mutated } from './mutants.ts'

/** What a thread is asked to do. */
export type Work = {
  readonly firstSeed: number
  readonly histories: number
  readonly operations: number
  /** Name of one; its histories end at the first with a problem. */
  readonly mutant: string | null
  /** How many of the reads search the graph; default none. */
  readonly searches?: number
}

export type Failure = { readonly seed: number; readonly problems: readonly string[] }

export type Outcome = {
  readonly histories: number
  readonly operations: number
  readonly failures: readonly Failure[]
  /** Of the processor, in this thread. */
  readonly cpuMs: number
}

const ROOT = `${import.meta.dirname}/../..`
const VARIANT = '?mutant='

/** What is expensive to load and never changed is loaded once for all mutants. */
const SHARED = /\/(?:node_modules|db)\//

/**
 * A module that is asked for as a variant is loaded anew, and so is whatever it imports, as that mutant
 * has it. Nothing on the disk changes.
 */
registerHooks({
  resolve(specifier, context, nextResolve) {
    const resolved = nextResolve(specifier, context)
    const variant = context.parentURL?.split(VARIANT)[1]
    const isOurs = resolved.url.startsWith('file:') && !SHARED.test(resolved.url)
    if (variant === undefined || !isOurs) return resolved
    return { ...resolved, url: resolved.url + VARIANT + variant }
  },
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    const variant = url.split(VARIANT)[1]
    if (variant === undefined || !loaded.source) return loaded
    const file = relative(ROOT, fileURLToPath(url.split('?')[0] ?? ''))
    const source = mutated(decodeURIComponent(variant), file, loaded.source.toString())
    return { ...loaded, source }
  },
})

// Errors are thrown by the thousand here, and nobody looks at where.
Error.stackTraceLimit = 0

async function run({
  firstSeed,
  histories,
  operations,
  mutant,
  searches = 0,
}: Work): Promise<Outcome> {
  const variant = mutant === null ? '' : VARIANT + encodeURIComponent(mutant)
  const load = (file: string) => import(`${import.meta.dirname}/${file}${variant}`)
  const { runHistories } = (await load('run-histories.ts')) as typeof import('./run-histories.ts')
  const { problemsOf } = (await load('check.ts')) as typeof import('./check.ts')
  const failures: Failure[] = []
  const done = { histories: 0, operations: 0 }
  const seeds = Array.from({ length: histories }, (_, i) => firstSeed + i)
  const begin = process.threadCpuUsage()
  await runHistories(
    seeds,
    operations,
    (history) => {
      done.histories += 1
      done.operations += history.operations.length
      const problems = problemsOf(history)
      if (problems.length > 0) failures.push({ seed: history.seed, problems })
      return mutant === null || failures.length === 0
    },
    searches,
  )
  const { user, system } = process.threadCpuUsage(begin)
  return { ...done, failures, cpuMs: (user + system) / 1_000 }
}

parentPort?.on('message', async (work: Work) => {
  try {
    parentPort?.postMessage(await run(work))
  } catch (error) {
    parentPort?.postMessage(error)
  }
})
