import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BINDINGS, LOCAL_VARIABLES, SECRETS, VARIABLES } from '../env.ts'
import { configProblems, readWorkerConfig } from '../scripts/deploy/check-wrangler-toml.ts'
import { OWNER_VARIABLES } from '../scripts/migrate/owner-settings.ts'

const ROOT = join(import.meta.dirname, '..')
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8')
const names = (...groups: readonly object[]) => groups.flatMap((group) => Object.keys(group)).sort()

/** A Redis is not asked for: without one its tier of the cache is absent. */
const ASKED_SECRETS = names(SECRETS).filter((name) => !name.startsWith('UPSTASH_'))

/** Variables of the tools, which the worker knows nothing of. */
const OF_TOOLS = ['TENDRIL_URL', ...names(OWNER_VARIABLES)]

describe('wrangler.toml', () => {
  const config = readWorkerConfig(join(ROOT, 'wrangler.toml'))

  it('binds what env.ts asks for, sets its variables, and nothing else', () => {
    expect(configProblems(config)).toEqual([])
    expect([...config.bindings].sort()).toEqual(names(BINDINGS))
    expect(names(config.vars)).toEqual(names(VARIABLES))
  })

  it('lets nobody register: production opens itself on purpose', () => {
    expect(config.vars.TENDRIL_REGISTRATION).toBe('closed')
    expect(VARIABLES.TENDRIL_REGISTRATION.parse(undefined)).toBe('closed')
  })

  it('lists the secrets', () => {
    const listed = read('wrangler.toml').split('# Secrets')[1] ?? ''
    expect((listed.match(/\b(TENDRIL|UPSTASH)_\w+/g) ?? []).sort()).toEqual(names(SECRETS))
  })

  it('is complained about where it disagrees with env.ts', () => {
    const other = { ...config, bindings: ['ASSETS', 'CACHE'], vars: { TENDRIL_REGISTRATION: 'x' } }
    expect(configProblems(other)).toEqual([
      'wrangler.toml does not bind GRAPH_LOG, which env.ts asks for',
      'wrangler.toml does not bind FILES, which env.ts asks for',
      'wrangler.toml binds CACHE, of which env.ts knows nothing',
      expect.stringMatching(/^\[vars\] of wrangler\.toml: TENDRIL_REGISTRATION: /),
    ])
    const more = { ...config, vars: { ...config.vars, TENDRIL_COLOUR: 'red' } }
    expect(configProblems(more)).toEqual([expect.stringContaining('TENDRIL_COLOUR')])
  })
})

describe('.dev.vars.example', () => {
  const lines = [...read('.dev.vars.example').matchAll(/^(# )?([A-Z_]+)="(.*)"$/gm)].map(
    ([, comment, name = '', value]) => ({ name, value, isActive: comment === undefined }),
  )

  it('has every variable and secret, and nothing else', () => {
    expect(lines.map(({ name }) => name).sort()).toEqual(names(VARIABLES, SECRETS, LOCAL_VARIABLES))
  })

  it('asks for the secrets, without a value that somebody could leave as it is', () => {
    const active = lines.filter(({ isActive }) => isActive)
    expect(active.map(({ name }) => name).sort()).toEqual(ASKED_SECRETS)
    expect(active.filter(({ value }) => value !== '')).toEqual([])
  })
})

it('the deploy button describes what it asks for', () => {
  const { cloudflare } = JSON.parse(read('package.json'))
  expect(names(cloudflare.bindings)).toEqual([...ASKED_SECRETS, ...names(VARIABLES)].sort())
})

describe('docs/deploy.md', () => {
  const mentioned = new Set(read('docs/deploy.md').match(/\b(TENDRIL|UPSTASH)_[A-Z_]+\b/g))

  it('explains every binding, variable and secret', () => {
    const missing = names(VARIABLES, SECRETS, LOCAL_VARIABLES).filter(
      (name) => !mentioned.has(name),
    )
    expect(missing).toEqual([])
    for (const binding of names(BINDINGS))
      expect(read('docs/deploy.md')).toContain(`\`${binding}\``)
    expect(OF_TOOLS.filter((name) => !mentioned.has(name))).toEqual([])
  })

  it('mentions none that there is not', () => {
    const known = [...names(VARIABLES, SECRETS, LOCAL_VARIABLES), ...OF_TOOLS]
    expect([...mentioned].filter((name) => !known.includes(name))).toEqual([])
  })
})
