import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'

type Entry = {
  readonly version?: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const packages: Readonly<Record<string, Entry>> = JSON.parse(
  readFileSync(join(import.meta.dirname, '..', 'package-lock.json'), 'utf8'),
).packages

/** Where node finds `name` from the package at `path`; undefined: nowhere in the lock file. */
function locked(path: string, name: string): string | undefined {
  const candidate = `${path === '' ? '' : `${path}/`}node_modules/${name}`
  if (candidate in packages) return candidate
  if (path === '') return undefined
  return locked(path.slice(0, Math.max(path.lastIndexOf('/node_modules/'), 0)), name)
}

it('package-lock.json is whole, the builds for other systems included: npm ci needs that', () => {
  const missing = Object.entries(packages).flatMap(([path, entry]) =>
    Object.keys({
      ...entry.dependencies,
      ...entry.optionalDependencies,
      // Of packages other than this one they are nobody's concern.
      ...(path === '' ? entry.devDependencies : {}),
    })
      .filter((name) => locked(path, name) === undefined)
      .map((name) => `${name} of ${path || 'the project'}`),
  )
  expect(Object.keys(packages).length).toBeGreaterThan(300)
  expect(missing).toEqual([])
})
