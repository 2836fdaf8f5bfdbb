import { z } from 'zod'
import { invalid } from '../../errors.ts'
import type { JsonObject } from '../../json.ts'
import { escapedKey } from '../../json-problems.ts'
import { derivedId } from '../derived-ids.ts'
import { badRow, brokenAt, type Chunks, type ReadRow } from '../rows.ts'
import { decoded, lineBreaks } from '../text.ts'
import { resolveDependency } from './resolve.ts'

const ranges = z.record(z.string(), z.string()).optional()
const entry = z.looseObject({
  name: z.string().optional(),
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  license: z.unknown().optional(),
  link: z.boolean().optional(),
  dev: z.boolean().optional(),
  optional: z.boolean().optional(),
  devOptional: z.boolean().optional(),
  peer: z.boolean().optional(),
  deprecated: z.string().optional(),
  dependencies: ranges,
  devDependencies: ranges,
  optionalDependencies: ranges,
  peerDependencies: ranges,
  peerDependenciesMeta: z
    .record(z.string(), z.looseObject({ optional: z.boolean().optional() }))
    .optional(),
})
type Entry = z.output<typeof entry>

const lockfile = z.looseObject({
  name: z.string().optional(),
  lockfileVersion: z.union(
    [z.literal(2), z.literal(3)],
    'must be 2 or 3: write it with npm 7 or newer',
  ),
  packages: z.record(z.string(), entry),
})

/** A lockfile is read as a whole, since each package may refer to every other. */
const MAX_CHARACTERS = 256 * 1024 * 1024

const DEPENDENCIES = [
  ['dependencies', 'prod'],
  ['optionalDependencies', 'optional'],
  ['peerDependencies', 'peer'],
  ['devDependencies', 'dev'],
] as const

/**
 * A package-lock.json: each `name@version` is an entity however many copies are installed, and
 * `depends_on` says which one a package gets for each range it asks for.
 */
export async function* readPackageLock(chunks: Chunks): AsyncGenerator<ReadRow> {
  const text = await wholeText(chunks)
  const { name, packages } = parse(text)
  const byPath = new Map(Object.entries(packages))
  const idOf = (path: string) => externalId(path, byPath.get(path) ?? {}, name)
  const lines = linesOf(text, byPath.keys())
  const lineOf = (path: string) => lines.get(path) ?? 1
  const copies = Map.groupBy(
    [...byPath].filter(([, { link }]) => !link),
    ([path]) => idOf(path),
  )
  for (const [id, places] of copies) {
    const [[path] = ['']] = places
    yield { line: lineOf(path), value: entityRow(id, places, name), label: id }
  }
  const seen = new Set<string>()
  for (const [path, asked] of byPath) {
    if (asked.link) continue
    for (const { dependency, range, kind } of dependenciesOf(path, asked)) {
      const place = resolveDependency(byPath, path, dependency)
      const from = idOf(path)
      if (place === null) {
        if (!isRequired(asked, dependency, kind)) continue
        yield badRow(lineOf(path), `${from} needs ${dependency} ${range}, which is not installed`)
        continue
      }
      const to = idOf(place)
      const id = derivedId('depends_on', from, to, dependency, kind)
      // Several copies of a package mostly get the same.
      if (seen.has(id)) continue
      seen.add(id)
      const properties = {
        range,
        kind,
        ...(to.startsWith(`${dependency}@`) ? {} : { as: dependency }),
      }
      const value = {
        ...{ kind: 'relationship', type: 'depends_on', id, properties },
        ...{ from_external_id: from, to_external_id: to },
      }
      yield { line: lineOf(path), value, label: `${from} depends on ${to}` }
    }
  }
}

/** Where each package begins: they stand in the text in the order in which they were parsed. */
function linesOf(text: string, paths: Iterable<string>): Map<string, number> {
  const lines = new Map<string, number>()
  let at = text.indexOf('"packages"')
  let line = 1 + lineBreaks(text.slice(0, at))
  for (const path of paths) {
    const next = text.indexOf(`${JSON.stringify(path)}:`, at)
    if (next > at) {
      line += lineBreaks(text.slice(at, next))
      at = next
    }
    lines.set(path, line)
  }
  return lines
}

async function wholeText(chunks: Chunks): Promise<string> {
  const parts: string[] = []
  let characters = 0
  for await (const part of decoded(chunks)) {
    characters += part.length
    if (characters > MAX_CHARACTERS) throw brokenAt(1, `more than ${MAX_CHARACTERS} characters`)
    parts.push(part)
  }
  return parts.join('')
}

function parse(text: string): z.output<typeof lockfile> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw brokenAt(1, `not JSON: ${error instanceof Error ? error.message : error}`)
  }
  const parsed = lockfile.safeParse(value)
  if (parsed.success) return parsed.data
  throw invalid(
    parsed.error.issues.map(({ path, message }) => ({
      pointer: path.map((part) => `/${escapedKey(String(part))}`).join(''),
      message,
    })),
  )
}

/** The project itself and its workspaces may have no version: then the folder stands for it. */
function externalId(path: string, { name, version }: Entry | Partial<Entry>, root = ''): string {
  const called = name ?? nameAt(path, root)
  return version === undefined ? `${called}@file:${path || '.'}` : `${called}@${version}`
}

function nameAt(path: string, root: string): string {
  if (path === '') return root || 'project'
  const modules = path.lastIndexOf('node_modules/')
  return modules < 0 ? path : path.slice(modules + 'node_modules/'.length)
}

function entityRow(
  id: string,
  places: readonly (readonly [string, Entry])[],
  root: string | undefined,
): JsonObject {
  const [[path, first] = ['', {} as Entry]] = places
  const all = (flag: 'dev' | 'optional' | 'peer') => places.every(([, each]) => each[flag] === true)
  const { version, license, integrity, resolved, deprecated } = first
  const host = resolved === undefined ? null : hostOf(resolved)
  return {
    kind: 'entity',
    type: 'package',
    external_id: id,
    name: first.name ?? nameAt(path, root ?? ''),
    properties: {
      ...(version === undefined ? {} : { version }),
      ...(typeof license === 'string' ? { license } : {}),
      ...(integrity === undefined ? {} : { integrity }),
      ...(host === null ? {} : { resolved_host: host }),
      ...(deprecated === undefined ? {} : { deprecated }),
      dev: all('dev') || places.every(([, each]) => each.dev || each.devOptional === true),
      optional: all('optional'),
      peer: all('peer'),
      paths: places.map(([place]) => place || '.'),
    },
  }
}

function hostOf(resolved: string): string | null {
  return URL.canParse(resolved) ? new URL(resolved).host || null : null
}

type Dependency = { readonly dependency: string; readonly range: string; readonly kind: string }

/** Each dependency once, by the first of its kinds; those for development of the project's own only. */
function dependenciesOf(path: string, asked: Entry): Dependency[] {
  const found = new Map<string, Dependency>()
  const isOwn = !path.includes('node_modules/')
  for (const [field, kind] of DEPENDENCIES) {
    if (kind === 'dev' && !isOwn) continue
    for (const [dependency, range] of Object.entries(asked[field] ?? {})) {
      // What is optional stands among the dependencies, too, in some lockfiles.
      if (!found.has(dependency) || kind === 'optional') {
        found.set(dependency, { dependency, range, kind })
      }
    }
  }
  return [...found.values()]
}

function isRequired({ peerDependenciesMeta }: Entry, dependency: string, kind: string): boolean {
  if (kind === 'optional') return false
  return kind !== 'peer' || peerDependenciesMeta?.[dependency]?.optional !== true
}
