import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '../..')
const RULES = 'docs/decisions/log-and-cache-rules.md'

const rules = [...readFileSync(join(ROOT, RULES), 'utf8').matchAll(/^\| ([A-Z]\d+) \|/gm)].map(
  ([, rule = '']) => rule,
)

/** Titles and comments of tests, those of the contracts and of the mutants included. */
const tests = globSync('test/**/*.ts', { cwd: ROOT })
  .filter((file) => /\.test\.ts$|^test\/contracts\/|mutants\.ts$/.test(file))
  .map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }))

describe('the rules of the log and of cached reads', () => {
  it('are these', () => {
    const groups = [...new Set(rules.map(([group]) => group))]
    expect([groups, rules.length]).toEqual([['C', 'T', 'R', 'H'], 22])
  })

  it.each(rules)('%s is named by a test that holds it', (rule) => {
    const naming = tests.filter(({ text }) => new RegExp(`\\b${rule}\\b`).test(text))
    expect(naming.map(({ file }) => file)).not.toEqual([])
  })
})
