import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { withFaults } from '../harness/faults.ts'
import { range } from '../harness/sequences.ts'
import { importScript } from './import-script.ts'

const script = importScript()

/** The nth UUID: rows with ids of their own give the same graph in every run. */
const uuid = (n: number) => `01979c7e-3a5b-7cc0-8f43-${String(n).padStart(12, '0')}`
const entity = (n: number, more: object = {}) => ({
  ...{ kind: 'entity', id: uuid(n), type: 'row', external_id: `e${n}`, ...more },
})
const tie = (n: number, from: number, to: number) => ({
  ...{ kind: 'relationship', id: uuid(n), type: 'tie', external_id: `r${n}` },
  ...{ from_external_id: `e${from}`, to_external_id: `e${to}` },
})
const lines = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).join('\n')

/** Relationships before their entities, in a file of many requests. */
const mixedRows = () => [
  ...range(1_500).map((n) => tie(10_000 + n, n, n + 1)),
  ...range(4_000).map((n) => entity(n)),
]

/** The same graph in each format: relationships have no ids of their own in CSV and GraphML. */
const files = {
  'mixed.ndjson': () => lines(mixedRows()),
  'entities.csv.gz': () =>
    gzipSync(
      `external_id,id,type,properties.n:number\n${range(5_000)
        .map((n) => `e${n},${uuid(n)},row,${n}\n`)
        .join('')}`,
    ),
  'graph.graphml': () =>
    `<graphml xmlns:t="urn:tendril:graphml" t:ids="records"><graph>\n${[
      ...range(3_000).map((n) => `<node id="${uuid(n)}"/>`),
      ...range(2_000).map(
        (n) => `<edge id="${uuid(9_000 + n)}" source="${uuid(n)}" target="${uuid(n + 1)}"/>`,
      ),
    ].join('\n')}</graph></graphml>`,
} as const

describe('an import', () => {
  it('loads a file larger than one request, names bad lines, and repeats without doubles', async () => {
    const graph = await script.newGraph()
    const all: string[] = range(6_000).map((n) => JSON.stringify(entity(n)))
    all[3_000] = '{"kind":"entity","type":"row"}'
    all[3_001] = 'not json'
    const file = script.write('big.ndjson', all.join('\n'))
    const first = await script.run(file, '--graph', graph, '--errors', script.path('bad.ndjson'))
    expect(first.code).toBe(1)
    expect(first.stdout).toContain('6000 rows: 5998 created, 0 updated, 0 unchanged, 2 refused')
    expect(first.stderr).toMatch(/line 3001: .*external_id.*\nline 3002: not JSON/)
    const errors = readFileSync(script.path('bad.ndjson'), 'utf8').trim().split('\n')
    expect(errors.map((line) => JSON.parse(line))).toMatchObject([
      { line: 3001, code: 'invalid', message: expect.stringContaining('external_id') },
      { line: 3002, code: 'malformed_request', message: expect.stringContaining('not JSON') },
    ])
    const second = await script.run(file, '--graph', graph)
    expect(second.stdout).toContain('0 created, 0 updated, 5998 unchanged, 2 refused')
  })

  it('writes entities before the relationships that stand before them in the file', async () => {
    const graph = await script.newGraph()
    const { stdout, stderr } = await script.run(
      ...[script.write('mixed.ndjson', files['mixed.ndjson']()), '--graph', graph],
    )
    expect(stderr).toBe('')
    expect(stdout).toContain('5500 rows: 5500 created')
  })

  it('lets the last row of a record count, however far apart its rows are', async () => {
    const graph = await script.newGraph()
    const rows = range(7_000).map((n) => entity(n % 1_100, { properties: { n } }))
    const { stdout } = await script.run(script.write('same.ndjson', lines(rows)), '--graph', graph)
    expect(stdout).toContain('7000 rows: 1100 created, 5900 updated')
    const numbers = (await script.exported(graph))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line).properties.n)
    expect(Math.min(...numbers)).toBe(5_900)
  })

  it.each(Object.keys(files) as (keyof typeof files)[])(
    'of %s that is killed over and over ends in the graph of an undisturbed one, each row once',
    async (name) => {
      const [whole, killed] = [await script.newGraph(), await script.newGraph()]
      const file = script.write(name, files[name]())
      const undisturbed = await script.run(file, '--graph', whole, '--yes')
      expect(undisturbed.code).toBe(0)
      const rows = await script.headOf(whole)
      for (const steps of [1, 2, 1, 1])
        await script.killAfter(steps, file, '--graph', killed, '--yes')
      const last = await script.run(file, '--graph', killed, '--yes')
      expect(last.stdout).toMatch(/^going on after row [\d,]+$/m)
      expect(last.stdout).toContain(
        `${rows} rows: ${rows} created, 0 updated, 0 unchanged, 0 refused`,
      )
      expect(await script.exported(killed)).toBe(await script.exported(whole))
      expect(await script.headOf(killed)).toBe(rows)
    },
  )

  it('gets through connections to the database that break, with each row written once', async () => {
    const graph = await script.newGraph()
    const file = script.write('faults.ndjson', files['mixed.ndjson']())
    const { code, stdout } = await withFaults({ cutBefore: 0.03, cutAfter: 0.03, seed: 7 }, () =>
      script.run(file, '--graph', graph),
    )
    expect([code, stdout]).toEqual([
      0,
      expect.stringContaining('5500 rows: 5500 created, 0 updated'),
    ])
    expect(await script.headOf(graph)).toBe(5_500)
  })

  it('tells of each refused row once, also over a kill', async () => {
    const graph = await script.newGraph()
    const rows = range(5_000).map((n) => (n % 100 === 7 ? { kind: 'x', n } : entity(n)))
    const errors = script.path('killed-errors.ndjson')
    const args = [
      script.write('some-bad.ndjson', lines(rows)),
      '--graph',
      graph,
      '--errors',
      errors,
    ]
    await script.killAfter(2_000, ...args)
    // A kill between writing a refused row and noting that it was written.
    script.write('killed-errors.ndjson', `${readFileSync(errors, 'utf8')}{"line":`)
    const { code, stdout } = await script.run(...args)
    expect(code).toBe(1)
    expect(stdout).toContain('5000 rows: 4950 created, 0 updated, 0 unchanged, 50 refused')
    const told = readFileSync(errors, 'utf8').trim().split('\n')
    expect(told.map((line) => JSON.parse(line).line)).toEqual(range(50).map((n) => n * 100 + 8))
  })

  it('as a dry run checks all rows, relationships too, and writes nothing', async () => {
    const graph = await script.newGraph()
    const rows = [
      tie(1, 2, 3),
      entity(2),
      entity(3, { name: 5 }),
      { ...tie(4, 2, 3), colour: 'red' },
    ]
    const file = script.write('dry.ndjson', lines(rows))
    const { code, stdout, stderr } = await script.run(file, '--graph', graph, '--dry-run')
    expect(code).toBe(1)
    expect(stdout).toContain('dry run, nothing was written: 4 rows, 2 refused')
    expect(stderr).toMatch(/^line 3: \/name: .*\nline 4: \/colour: is not a known field\n$/)
    expect(await script.headOf(graph)).toBe(0)
  })
})

describe('a CSV file', () => {
  const text = 'code,city,runs,zip\nATL,Atlanta,5,007\nSFO,,4,\n'

  it('is shown before anything is written, and loaded after a yes', async () => {
    const graph = await script.newGraph()
    const args = [
      ...[script.write('airports.csv', text), '--graph', graph, '--type', 'airport'],
      ...['--map', 'code=external_id'],
    ]
    const asked = await script.run(...args)
    expect([asked.code, asked.stderr]).toEqual([
      1,
      'say --yes to load it like this, or --dry-run to check it first\n',
    ])
    expect(asked.stdout.split('\n').map((line) => line.trim().split(/ {2,}/))).toEqual(
      expect.arrayContaining([
        ['2 rows, each an entity of the type airport'],
        ['column', 'field', 'type', 'example', 'empty cells'],
        ['code', 'external_id', 'string', 'ATL'],
        ['city', 'properties.city', 'string (from its cells)', 'Atlanta', '1'],
        ['runs', 'properties.runs', 'number (from its cells)', '5'],
        ['zip', 'properties.zip', 'string (from its cells)', '007', '1'],
      ]),
    )
    expect(await script.headOf(graph)).toBe(0)
    expect((await script.run(...args, '--dry-run')).stdout).toContain('nothing was written: 2 rows')
    expect(await script.headOf(graph)).toBe(0)
    expect((await script.run(...args, '--yes')).stdout).toContain('2 rows: 2 created')
    expect(await script.exported(graph)).toContain(
      '"properties":{"zip":"007","city":"Atlanta","runs":5}',
    )
  })

  it('whose headers say everything is loaded at once', async () => {
    const graph = await script.newGraph()
    const file = script.write('typed.csv', 'external_id,type,properties.n:number\na,t,1\n')
    expect((await script.run(file, '--graph', graph)).stdout).toContain('1 rows: 1 created')
  })

  it('says which columns it misses', async () => {
    const { code, stderr } = await script.run(script.write('bare.csv', 'a,b\n1,2\n'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/^type: no column is the type.*\nmap: no column is the external_id/)
  })
})

it('loads the packages of a lockfile and what they depend on, the same in a repeat', async () => {
  const graph = await script.newGraph()
  const file = join(import.meta.dirname, '..', '..', 'package-lock.json')
  const first = await script.run('lockfile', file, '--graph', graph)
  expect(first.stderr).toBe('')
  expect(first.stdout).toMatch(/rows: \d{3,} created, 0 updated, 0 unchanged, 0 refused/)
  const second = await script.run('lockfile', file, '--graph', graph)
  expect(second.stdout).toMatch(/rows: 0 created, 0 updated, \d{3,} unchanged, 0 refused/)
})

it('says what is wrong in a sentence', async () => {
  const good = script.write('good.ndjson', lines([entity(1)]))
  const told = async (...args: string[]) => (await script.run(...args)).stderr
  expect(await told(script.path('nowhere.ndjson'))).toBe(
    `there is no file ${script.path('nowhere.ndjson')}\n`,
  )
  expect(await told(good, '--graph', 'nowhere')).toContain('404: this graph does not')
  expect(await told(good, '--colour', 'red')).toContain("Unknown option '--colour'")
  expect(await told(good, '--format', 'xlsx')).toContain('--format must be one of ndjson, csv')
  expect(await told(script.path('a.xlsx'))).toContain('does not tell its format')
  expect(await told(good, '--map', 'a')).toContain('--map needs <column>=<field>, not "a"')
  expect(await told(good, '--kind', 'x')).toContain('--kind must be entity or relationship, not x')
  const latin = script.write('latin.ndjson', Buffer.from('{}\n{"name":"Z\xfcrich"}', 'latin1'))
  expect(await told(latin)).toContain('line 2: is not UTF-8\n')
  const packed = script.write('broken.ndjson.gz', 'not packed')
  expect(await told(packed)).toContain(`cannot read ${packed}: incorrect header check`)
  const bundle = script.write('broken.json', '{"objects":[\n{},')
  expect(await told(bundle)).toContain('line 2: not a STIX bundle: it ends before its end\n')
})
