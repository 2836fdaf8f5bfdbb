import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')

const FORBIDDEN = [
  ['core/errors.ts', '../db/client.ts'],
  ['core/errors.ts', '../env.ts'],
  ['core/types/x.ts', '../../workers/context.ts'],
  ['core/cache/x.ts', 'hono'],
  ['core/log/x.ts', 'drizzle-orm'],
  ['core/log/x.ts', '../auth/permissions.ts'],
  ['core/graph/x.ts', '../types/graph-schema.ts'],
  ['core/log/x.ts', '../types/widening.ts'],
  ['db/queries/x.ts', '../../durable-objects/graph-log/object.ts'],
  ['db/queries/x.ts', '@hono/zod-openapi'],
  ['durable-objects/graph-log/x.ts', '../../workers/services.ts'],
  ['workers/operations/x.ts', 'hono'],
] as const

const ALLOWED = [
  ['core/log/x.ts', '../errors.ts'],
  ['core/log/x.ts', '../json.ts'],
  ['core/log/x.ts', '../types/definition.ts'],
  ['db/queries/x.ts', '../../core/log/commands.ts'],
  ['durable-objects/graph-log/x.ts', '../../db/client.ts'],
  ['workers/api/x.ts', 'hono'],
  ['workers/operations/x.ts', '../../db/queries/types.ts'],
] as const

/** Lints a copy of the tree's rules over files that each have one import; returns the report. */
function lint(cases: readonly (readonly [path: string, target: string])[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'tendril-imports-'))
  try {
    copyFileSync(join(ROOT, 'biome.json'), join(folder, 'biome.json'))
    cases.forEach(([path, target], i) => {
      const file = join(folder, fileOf(path, i))
      mkdirSync(dirname(file), { recursive: true })
      writeFileSync(file, `import * as it from '${target}'\nexport const x = it\n`)
    })
    const biome = join(ROOT, 'node_modules', '.bin', 'biome')
    const flags = ['--vcs-enabled=false', '--max-diagnostics=none', '--colors=off']
    const options = { cwd: folder, encoding: 'utf8' } as const
    const { stdout, stderr } = spawnSync(biome, ['lint', ...flags, '.'], options)
    return stdout + stderr
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function fileOf(path: string, i: number): string {
  return path.replace(/[^/]+$/, `case-${i}.ts`)
}

describe('imports go one way', () => {
  const forbidden = lint(FORBIDDEN)
  const allowed = lint(ALLOWED)

  it.each(FORBIDDEN.map(([path, target], i) => [path, target, fileOf(path, i)]))(
    '%s must not import %s',
    (_path, _target, file) => {
      expect(forbidden).toMatch(new RegExp(`${file}.*noRestrictedImports`))
    },
  )

  it('and leave everything else alone', () => {
    // The rules themselves are a file, too.
    expect(allowed).not.toContain('noRestrictedImports')
    expect(allowed).toContain(`Checked ${ALLOWED.length + 1} files`)
  })
})
