import { dirname, join } from 'node:path'
import { unstable_getMiniflareWorkerOptions } from 'wrangler'
import { z } from 'zod'
import type { Bundle } from './bundle.ts'
import { staticFirst } from './static-first.ts'
import { ROOT } from './wrangler.ts'

// What is used here of an interface that wrangler calls unstable; the rest goes through unread.
const fromToml = z.looseObject({
  compatibilityDate: z.string(),
  bindings: z.record(z.string(), z.json()).default({}),
  durableObjects: z.record(z.string(), z.looseObject({ className: z.string() })).default({}),
  assets: z.looseObject({ directory: z.string(), binding: z.string() }),
})

/** Name of the worker inside Miniflare. */
export const WORKER = 'tendril'

/** Miniflare's options for the worker of wrangler.toml with this bundle and these variables. */
export function workerOptions(bundle: Bundle, bindings: Readonly<Record<string, string>>) {
  const { workerOptions } = unstable_getMiniflareWorkerOptions(join(ROOT, 'wrangler.toml'))
  const { modulesRules: _, ...options } = fromToml.parse(workerOptions)
  const [entry] = bundle
  if (!entry) throw new Error('the bundle is empty')
  const { directory, binding } = options.assets
  return {
    ...options,
    name: WORKER,
    modules: [staticFirst(entry, directory, binding), ...bundle],
    modulesRoot: dirname(entry.path),
    bindings: { ...options.bindings, ...bindings },
  }
}

export type WorkerOptions = ReturnType<typeof workerOptions>
