import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isAppError } from '../../../core/errors.ts'
import { readPackageLock } from '../../../core/formats/package-lock/read-package-lock.ts'
import { collect } from './cut.ts'

type Value = {
  readonly kind: string
  readonly type: string
  readonly external_id: string
  readonly from_external_id: string
  readonly to_external_id: string
  readonly properties: Readonly<Record<string, unknown>>
}

async function read(lock: string | object) {
  const text = typeof lock === 'string' ? lock : JSON.stringify(lock, null, 2)
  const rows = await collect(readPackageLock([text]))
  const values = rows.flatMap((row) => ('value' in row ? [row.value as Value] : []))
  const bad = rows.flatMap((row) => ('error' in row ? [[row.line, row.error.message]] : []))
  const ties = values.filter(({ kind }) => kind === 'relationship')
  const dependencies = ties.map(
    ({ from_external_id: from, to_external_id: to, properties: { range, kind } }) =>
      `${from} -${kind} ${range}-> ${to}`,
  )
  return { entities: values.filter(({ kind }) => kind === 'entity'), dependencies, bad, text }
}

const lock = (packages: object, more: object = {}) => ({
  ...{ name: 'app', lockfileVersion: 3, packages },
  ...more,
})

describe('a package-lock', () => {
  it('resolves each range as Node does, to the nearest node_modules upwards', async () => {
    const { dependencies, bad } = await read(
      lock({
        '': {
          name: 'app',
          version: '1.0.0',
          dependencies: { a: '^1', b: '*' },
          devDependencies: { c: '2' },
        },
        'node_modules/a': { version: '1.2.0', dependencies: { b: '^1', c: '^1' } },
        'node_modules/a/node_modules/b': { version: '1.0.0', dependencies: { c: '*' } },
        'node_modules/b': {
          version: '2.0.0',
          optionalDependencies: { gone: '1' },
          peerDependencies: { a: '1' },
        },
        'node_modules/c': { version: '2.0.0', dev: true },
        'node_modules/a/node_modules/c': { version: '1.9.0' },
      }),
    )
    expect(bad).toEqual([])
    expect(dependencies.sort()).toEqual([
      'a@1.2.0 -prod ^1-> b@1.0.0',
      'a@1.2.0 -prod ^1-> c@1.9.0',
      'app@1.0.0 -dev 2-> c@2.0.0',
      'app@1.0.0 -prod *-> b@2.0.0',
      'app@1.0.0 -prod ^1-> a@1.2.0',
      'b@1.0.0 -prod *-> c@1.9.0',
      'b@2.0.0 -peer 1-> a@1.2.0',
    ])
  })

  it('has workspaces and links by what they lead to, and aliases by their real names', async () => {
    const { entities, dependencies } = await read(
      lock({
        '': { workspaces: ['packages/*'], dependencies: { old: 'npm:new@1' } },
        'node_modules/@x/one': { resolved: 'packages/one', link: true },
        'packages/one': {
          name: '@x/one',
          dependencies: { two: '*' },
          devDependencies: { new: '1' },
        },
        'packages/one/node_modules/two': { version: '3.0.0' },
        'packages/two': { name: 'two', version: '0.1.0', dependencies: { '@x/one': '*' } },
        'node_modules/two': { resolved: 'packages/two', link: true },
        'node_modules/old': { name: 'new', version: '1.0.1' },
        'node_modules/new': { version: '1.0.1', license: 'MIT', dev: true },
      }),
    )
    expect(entities.map((each) => each.external_id)).toEqual([
      'app@file:.',
      '@x/one@file:packages/one',
      'two@3.0.0',
      'two@0.1.0',
      'new@1.0.1',
    ])
    expect(entities[4]?.properties).toMatchObject({
      ...{ version: '1.0.1', dev: false, paths: ['node_modules/old', 'node_modules/new'] },
    })
    expect(dependencies.sort()).toEqual([
      '@x/one@file:packages/one -dev 1-> new@1.0.1',
      '@x/one@file:packages/one -prod *-> two@3.0.0',
      'app@file:. -prod npm:new@1-> new@1.0.1',
      'two@0.1.0 -prod *-> @x/one@file:packages/one',
    ])
  })

  it('says by line what is needed and not installed', async () => {
    const { bad, text } = await read(
      lock({
        '': { dependencies: { a: '1' } },
        'node_modules/a': {
          ...{ version: '1.0.0', dependencies: { b: '^2' }, peerDependencies: { p: '1', q: '1' } },
          peerDependenciesMeta: { q: { optional: true } },
        },
      }),
    )
    expect(bad).toEqual([
      [expect.any(Number), 'a@1.0.0 needs b ^2, which is not installed'],
      [expect.any(Number), 'a@1.0.0 needs p 1, which is not installed'],
    ])
    expect(text.split('\n')[Number(bad[0]?.[0]) - 1]).toContain('node_modules/a')
  })

  it('of this project is read whole, and each direct dependency is found', async () => {
    const root = join(import.meta.dirname, '..', '..', '..')
    const { entities, dependencies, bad } = await read(
      readFileSync(join(root, 'package-lock.json'), 'utf8'),
    )
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    expect(bad).toEqual([])
    expect(entities.length).toBeGreaterThan(300)
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(dependencies).toContain(`tendril@0.1.0 -prod ${version}-> ${name}@${version}`)
    }
  })

  it.each([
    ['of npm 6', { lockfileVersion: 1, dependencies: {} }, '/lockfileVersion: must be 2 or 3'],
    ['that is no JSON', '{', 'line 1: not JSON'],
    ['that is another file', '[]', 'expected object'],
  ])('%s is refused', async (_what, text, message) => {
    const error: unknown = await read(text).catch((reason: unknown) => reason)
    if (!isAppError(error)) throw new Error('expected a refusal', { cause: error })
    const fields = error.detail.errors ?? []
    const told = [error.message, ...fields.map((each) => `${each.pointer}: ${each.message}`)]
    expect(told.join('\n')).toContain(message)
  })
})
