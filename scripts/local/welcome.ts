import { join } from 'node:path'
import { type Demo, demoTenant, markSampleLoaded } from './demo.ts'
import { nextSteps } from './next-steps.ts'
import { type Phases, seconds } from './phases.ts'

export type WelcomeOptions = {
  readonly baseUrl: string
  /** Keeps what has to be known at the next start. */
  readonly folder: string
  /** Load the sample graph, unless it is there. */
  readonly sample: boolean
}

/** Makes sure that a server which is ready has something to try, and prints how. */
export async function welcome(shown: Phases, options: WelcomeOptions): Promise<void> {
  const { baseUrl } = options
  const file = join(options.folder, 'demo.json')
  let demo = await shown.run('demo tenant', () => demoTenant(baseUrl, file))
  if (options.sample && !demo.hasSample) {
    await shown.run('sample graph', (report) => load(baseUrl, demo, report))
    demo = markSampleLoaded(file, demo)
  }
  console.log(`Ready after ${seconds(performance.now())}.`)
  console.log(await nextSteps(baseUrl, demo))
}

async function load(baseUrl: string, demo: Demo, report: (progress: string) => void) {
  // Only the first start needs it.
  const { loadSample } = await import('../sample.ts')
  await loadSample(baseUrl, demo.apiKey, (done, total) => {
    report(`${done.toLocaleString('en')} of ${total.toLocaleString('en')} rows`)
  })
}
