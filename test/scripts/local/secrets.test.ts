import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { loadSecrets } from '../../../scripts/local/secrets.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tendril-secrets-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

it('secrets are made once, differ, and only their owner may read them', () => {
  const made = loadSecrets(folder)
  expect(new Set(Object.values(made)).size).toBe(5)
  expect(loadSecrets(folder)).toEqual(made)
  expect(statSync(join(folder, 'secrets.json')).mode & 0o777).toBe(0o600)
})

it('a file of an earlier version keeps its secrets and gets the new ones, once', () => {
  const { redisCacheToken: _, redisStateToken: __, ...earlier } = loadSecrets(folder)
  writeFileSync(join(folder, 'secrets.json'), JSON.stringify(earlier))
  const completed = loadSecrets(folder)
  expect(completed).toMatchObject(earlier)
  expect(completed.redisStateToken).toMatch(/^\w{32,}$/)
  expect(loadSecrets(folder)).toEqual(completed)
})

it.each(['', '{"ownerPassword":', '{}', '{"ownerPassword":"x","appPassword":"y","jwtSecret":"z"}'])(
  'a broken file (%s) is refused with the way out',
  (content) => {
    writeFileSync(join(folder, 'secrets.json'), content)
    expect(() => loadSecrets(folder)).toThrow('npm start -- --fresh')
  },
)
