import { readdir, readFile } from 'node:fs/promises'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'
import type { Bundle, Module } from '../../../scripts/local/bundle.ts'

const FOLDER = 'production-limits'
const WORKER = 'worker.js'

/**
 * The same worker, on which the local runtime enforces what production does (docs/testing.md):
 * modules that run before its own and around each of its handlers and Durable Objects.
 * `durableObjects` are the names of the classes that it exports.
 */
export async function withProductionLimits(
  bundle: Bundle,
  durableObjects: readonly string[],
): Promise<Bundle> {
  const [entry, ...others] = bundle
  if (!entry) throw new Error('the bundle is empty')
  const root = dirname(entry.path)
  return [
    { type: 'ESModule', path: entry.path, contents: entryCode(durableObjects) },
    { ...entry, path: join(root, WORKER) },
    ...others,
    ...(await limitModules(join(root, FOLDER))),
  ]
}

/** The imports run in order: the limits are in place before the worker's first line. */
function entryCode(durableObjects: readonly string[]): string {
  return `
    import './${FOLDER}/install.ts'
    import worker, * as exported from './${WORKER}'
    import { limitedHandlers, limitedObject } from './${FOLDER}/entry-points.ts'
    export * from './${WORKER}'
    export default limitedHandlers(worker)
    ${durableObjects.map((name) => `export const ${name} = limitedObject(exported.${name})`).join('\n')}`
}

/** What lies in the folder `worker`, as JavaScript. */
async function limitModules(folder: string): Promise<Module[]> {
  const source = join(import.meta.dirname, 'worker')
  const names = await readdir(source)
  return Promise.all(
    names.map(async (name): Promise<Module> => {
      const code = await readFile(join(source, name), 'utf8')
      return { type: 'ESModule', path: join(folder, name), contents: stripTypeScriptTypes(code) }
    }),
  )
}
