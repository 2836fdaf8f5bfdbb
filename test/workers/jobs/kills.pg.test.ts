import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { writeCsv } from '../../../core/formats/csv/write-csv.ts'
import type { Records } from '../../../core/formats/exported.ts'
import { writeGraphml } from '../../../core/formats/graphml/write-graphml.ts'
import { writeNdjson } from '../../../core/formats/ndjson.ts'
import type { TenantId } from '../../../core/ids.ts'
import type { Job } from '../../../core/jobs/job.ts'
import type { Kind } from '../../../core/log/commands.ts'
import { exportJobs } from '../../../workers/jobs/export/kind.ts'
import { importJobs } from '../../../workers/jobs/import/kind.ts'
import { writeBatch } from '../../../workers/operations/batch.ts'
import { exportGraph } from '../../../workers/operations/export.ts'
import { exportLater } from '../../../workers/operations/export-job.ts'
import { importLater } from '../../../workers/operations/import-job.ts'
import { randomFrom } from '../../harness/random.ts'
import { range } from '../../harness/sequences.ts'
import { type Installation, newInstallation } from './installation.ts'
import { filesOf as filesIn, type Tally, workerOf } from './work-off.ts'

/** Of each kind of job, and as many jobs as that takes: how many a run meets is a matter of chance. */
const ENOUGH: Tally = { kills: 50, zombies: 11, failures: 4 }
/** What others write between the runs of exports. */
const CHANGES = 11
/** A machine that has other work to do is no fault. */
const TIMEOUT_MS = 900_000
const ROWS = 3_000

const KINDS = new Map(
  [
    exportJobs({ partCharacters: 50_000, maxPages: 2 }),
    importJobs({ chunkRows: 200, chunkCharacters: 1_000_000 }),
  ].map((kind) => [kind.kind, kind]),
)

let installation: Installation
let tenant: TenantId
let actor: string
let workOff: ReturnType<typeof workerOf>['workOff']
let undisturbed: ReturnType<typeof workerOf>['undisturbed']

const filesOf = (job: Job) => filesIn(installation, job)

beforeAll(async () => {
  installation = await newInstallation()
  ;({ tenant, actor } = await installation.newTenant())
  ;({ workOff, undisturbed } = workerOf(installation, tenant, KINDS, ENOUGH.kills))
})

afterAll(() => installation.databases.drop())

const host = (i: number) => ({
  kind: 'entity',
  type: 'host',
  external_id: `h${i}`,
  properties: i % 10 === 0 ? { i, [`only-${i % 70}`]: i } : { i },
})
const trust = (i: number) => ({
  kind: 'relationship',
  type: 'trusts',
  external_id: `r${i}`,
  from_external_id: `h${i}`,
  to_external_id: `h${(i * 7) % (ROWS + 50)}`,
})
/** Relationships first, some of whose ends do not exist, records that come twice, and bad lines. */
const FILE = range(ROWS)
  .flatMap((i) => [
    JSON.stringify(trust(i)),
    JSON.stringify(host(i)),
    ...(i % 500 === 3 ? ['no JSON', JSON.stringify({ ...host(i - 1), name: 'again' })] : []),
  ])
  .join('\n')

function isEnough({ kills, zombies, failures }: Tally): boolean {
  return kills >= ENOUGH.kills && zombies >= ENOUGH.zombies && failures >= ENOUGH.failures
}

async function startImport(body = FILE): Promise<{ id: string; graph: string }> {
  const graph = await installation.newGraph(tenant)
  const context = await installation.contextOf(tenant, actor, graph)
  const { value } = await importLater(context, {
    ...{ graph, format: 'ndjson', query: '', priority: 'normal' },
    body: new Blob([body]).stream(),
  })
  return { id: value.id, graph }
}

/** All that is in a graph and its log, but for what each write mints: ids, times and names of requests. */
async function contentsOf(graph: string): Promise<unknown> {
  const { owner } = installation.databases.shard
  const names = `select id, external_id from entities where graph_id = $1`
  const { rows: entities } = await owner.query(
    `select external_id, type, name, properties, version from entities where graph_id = $1
      order by external_id`,
    [graph],
  )
  const { rows: relationships } = await owner.query(
    `select r.external_id, r.type, f.external_id as "from", t.external_id as "to", r.version
      from relationships r join (${names}) f on f.id = from_id join (${names}) t on t.id = to_id
      where r.graph_id = $1 order by r.external_id`,
    [graph],
  )
  const { rows: events } = await owner.query(
    `select seq, kind, external_id, actor from events where graph_id = $1 order by seq`,
    [graph],
  )
  return { entities, relationships, events }
}

describe('jobs that are killed at any call, taken over while they live, and whose calls fail', {
  timeout: TIMEOUT_MS,
}, () => {
  it('import the same records by the same events, and refuse the same rows', async () => {
    const calm = await startImport()
    const expected = await undisturbed(calm.id)
    expect(expected).toMatchObject({ state: 'succeeded', error: null })
    expect(expected.result?.value).toMatchObject({ created: expect.any(Number), updated: 6 })
    const { bookmark: _, ...report } = expected.result?.value ?? {}
    const contents = await contentsOf(calm.graph)
    const [refused] = await filesOf(expected)
    expect(refused?.split('\n').length).toBeGreaterThan(6)

    const tally: Tally = { kills: 0, zombies: 0, failures: 0 }
    for (let seed = 1; !isEnough(tally); seed += 1) {
      const { id, graph } = await startImport()
      const job = await workOff(id, randomFrom(seed), tally)
      expect(job).toMatchObject({ state: 'succeeded', error: null })
      const { bookmark: _, ...now } = job.result?.value ?? {}
      expect(now).toEqual(report)
      expect(await filesOf(job)).toEqual([refused])
      expect(await contentsOf(graph)).toEqual(contents)
    }
  })

  it.each(['ndjson', 'csv', 'graphml'] as const)(
    'export the graph as it was when they began, while it changes, as %s',
    async (format) => {
      const loaded = await startImport()
      await undisturbed(loaded.id)
      const context = await installation.contextOf(tenant, actor, loaded.graph)
      const kinds: Kind[] = format === 'csv' ? ['entity'] : ['entity', 'relationship']
      const input = { kinds, metadata: true }
      const tally: Tally = { kills: 0, zombies: 0, failures: 0 }
      let changes = 0
      for (let seed = 1; !isEnough(tally) || changes < CHANGES; seed += 1) {
        const { records, bookmark } = await exportGraph(context, input)
        const bytes = await collected(writers[format](records))
        expect(bytes.length).toBeGreaterThan(300_000)
        const params = { format, ...input, fileName: 'file', contentType: 'text/plain' }
        const { value } = await exportLater(context, {
          ...{ graph: loaded.graph, priority: 'normal' },
          params,
        })
        const job = await workOff(value.id, randomFrom(seed), tally, async () => {
          changes += 1
          const type = 'host'
          const content = { name: 'changed', location: null, properties: { changes } }
          const named = (externalId: string) => ({
            kind: 'entity' as const,
            target: { externalId },
          })
          await writeBatch(context, [
            ...[changes, ROWS - changes].map((i) => ({
              ...({
                kind: 'entity',
                action: 'upsert',
                id: randomUUID(),
                externalId: `h${i}`,
              } as const),
              ...{ type, content },
            })),
            { ...named(`h${1_000 + changes}`), action: 'delete', ifVersion: null },
          ])
        })
        expect(job).toMatchObject({ state: 'succeeded', error: null })
        expect(job.result?.value.seq).toBe(bookmark.seq)
        const [now] = await filesOf(job)
        expect(now === bytes).toBe(true)
      }
    },
  )
})

const options = { metadata: true }
const writers: Record<'ndjson' | 'csv' | 'graphml', (records: Records) => AsyncIterable<string>> = {
  ndjson: (records) => writeNdjson(records()),
  csv: (records) => writeCsv('entity', records, options),
  graphml: (records) => writeGraphml(records),
}

async function collected(texts: AsyncIterable<string>): Promise<string> {
  let all = ''
  for await (const text of texts) all += text
  return all
}
