import { afterAll, beforeAll, expect, it } from 'vitest'
import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import { type Change, newTenant, type Problem, type Tenant } from '../../harness/api.ts'
import { crashObjects, type Faults, setFaults } from '../../harness/faults.ts'
import { ownStack } from '../../harness/own-stack.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { PATIENCE } from '../../harness/patience.ts'
import { range } from '../../harness/sequences.ts'
import { expectAsTold, settle, type Wanted, type Write } from './concurrency/ledger.ts'
import { readLog } from './concurrency/replay.ts'
import { typeProblems } from './concurrency/types-replay.ts'

const WRITERS = 12
/** Of a round; there are more rounds where chance has left something out. */
const WRITES = 600
const MOST_ROUNDS = 5
const TYPES = ['one', 'two'] as const
const GRAPH = 'contended'

const SCHEMAS: readonly object[] = [
  {},
  { properties: { size: { type: ['integer', 'string'] } } },
  { properties: { size: { type: 'integer' } } },
  { properties: { size: { minimum: 0 } } },
  { required: ['size'] },
  { properties: { size: { type: 'integer', minimum: 0 } }, required: ['size'] },
]

/** Against some of them each. */
const ODD: readonly object[] = [{}, { size: 'x' }, { size: -1 }, { size: 1.5 }]

const WEATHER: readonly Faults[] = [
  { cutBefore: 0.02, cutAfter: 0.02, delayMs: 5 },
  { delayMs: 30 },
  {},
  { cutAfter: 0.08, delayMs: 2 },
  { cutBefore: 0.08 },
]
const WRITES_PER_WEATHER = 60
const WRITES_PER_CRASH = 110

const OUTCOMES = [200, 201, 422]
const DEFINITION_OUTCOMES = [200, 204, 409]
const TYPE_EVENTS = ['type.changing', 'type.changed', 'type.change_refused', 'type.removed']

const seed = Number(process.env.TENDRIL_TEST_SEED ?? Date.now() % 1_000_000)
const random = seededRandom(seed)

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
  await tenant.request('POST', '/graphs', { body: { name: GRAPH } })
})

afterAll(() => setFaults({}))

it(`no record is ever against the types in force, and no write is lost, while types change (seed ${seed})`, async () => {
  const writes: Write[] = []
  const definitions: Write[] = []
  const ids: string[] = []
  let begun = 0
  let rounds = 0

  async function writer(): Promise<void> {
    while (begun < rounds * WRITES) {
      begun += 1
      const number = begun
      if (number % WRITES_PER_CRASH === 0) await crashObjects()
      if (number % WRITES_PER_WEATHER === 0)
        await setFaults({ ...random.pick(WEATHER), seed: number })
      const key = `write-${seed}-${number}`
      const write = await settle(tenant, key, nextWrite(key), random.chance(0.2))
      writes.push(write)
      const { id } = (write.answer?.body ?? {}) as { id?: string }
      if (id && write.method === 'POST') ids.push(id)
    }
  }

  async function definer(name: string, type: string): Promise<void> {
    for (let number = 1; begun < rounds * WRITES; number += 1) {
      const key = `${name}-${seed}-${number}`
      const [definition] = await Promise.all([
        settle(tenant, key, nextDefinition(type, number), random.chance(0.2)),
        random.chance(0.6) ? meanwhile(key, type) : null,
      ])
      definitions.push(definition)
      const { body } = definition.answer ?? {}
      const { examples = [] } = (body ?? {}) as { examples?: readonly { readonly id: string }[] }
      // As somebody does who wants the schema: what stands in its way goes, and it is tried again.
      for (const { id } of examples) {
        writes.push(await settle(tenant, `${key}-${id}`, remove(id), false))
      }
      if (examples.length > 0 && random.chance(0.9)) {
        definitions.push(await settle(tenant, `${key}-again`, definition, false))
      }
      if (random.chance(0.1)) await workInBackground(tenant)
    }
  }

  /** Writes that are on their way when the type changes, validated before it did. */
  async function meanwhile(key: string, type: string): Promise<void> {
    const late = range(4).map(async (i) => {
      const properties = { key: `${key}-late-${i}`, ...random.pick(ODD) }
      const wanted = post('/entities', { type, properties })
      writes.push(await settle(tenant, `${key}-late-${i}`, wanted, false))
    })
    await Promise.all(late)
  }

  function nextWrite(key: string): Wanted {
    const dice = random.next()
    const id = ids.length > 0 ? random.pick(ids) : crypto.randomUUID()
    const properties = newProperties(key)
    if (dice < 0.45) return post('/entities', { type: random.pick(TYPES), properties })
    if (dice < 0.8) return { method: 'PATCH', path: path(`/entities/${id}`), body: { properties } }
    if (dice < 0.9) return remove(id)
    const commands = range(3).map(() => ({
      action: 'create_entity',
      type: random.pick(TYPES),
      properties: newProperties(key),
    }))
    return post('/batch', { commands })
  }

  /** What has not happened yet, and has to if any of this is to show something. */
  async function missing(): Promise<(number | string)[]> {
    const kinds = new Set<string>((await readLog(tenant, GRAPH)).map(({ kind }) => kind))
    const isMissing = (all: readonly Write[]) => (status: number) =>
      !all.some(({ answer }) => answer?.status === status)
    return [
      ...OUTCOMES.filter(isMissing(writes)),
      ...DEFINITION_OUTCOMES.filter(isMissing(definitions)),
      ...TYPE_EVENTS.filter((kind) => !kinds.has(kind)),
    ]
  }

  do {
    rounds += 1
    // Two for each type: they are in each other's way.
    const definers = TYPES.flatMap((type) =>
      ['a', 'b'].map((name) => definer(`${name}${rounds}-${type}`, type)),
    )
    await Promise.all([...range(WRITERS).map(writer), ...definers])
    await setFaults({})
  } while (rounds < MOST_ROUNDS && (await missing()).length > 0)
  for (const type of TYPES) {
    await expect.poll(() => changeOf(type), PATIENCE).not.toBe('checking')
  }
  await workInBackground(tenant)
  const left = await ownerSql('shard', tenant.id, 'select * from type_tasks where tenant_id = $1', [
    tenant.id,
  ])
  expect(left).toEqual([])

  const log = await readLog(tenant, GRAPH)
  const isOfType = ({ kind }: Change) => kind.startsWith('type.')
  console.log(`seed ${seed}: ${counts(writes)}; types ${counts(definitions)}; ${kindsOf(log)}`)
  expect(typeProblems(log)).toEqual([])
  expectAsTold(
    writes,
    log.filter((change) => !isOfType(change)),
  )
  expectTypesAsTold(definitions, log.filter(isOfType))
  expect(await missing()).toEqual([])
})

function nextDefinition(type: string, number: number): Wanted {
  const where = path(`/types/entity/${type}`)
  if (number % 5 === 4) return { method: 'DELETE', path: where }
  return { method: 'PUT', path: where, body: { json_schema: random.pick(SCHEMAS) } }
}

/** Now and then against one of the schemas, and often enough as they all want it. */
function newProperties(key: string): object {
  if (random.chance(0.92)) return { key, size: random.below(100) }
  return { key, ...random.pick(ODD) }
}

const path = (rest: string) => `/graphs/${GRAPH}${rest}`
const post = (rest: string, body: object): Wanted => ({ method: 'POST', path: path(rest), body })
const remove = (id: string): Wanted => ({ method: 'DELETE', path: path(`/entities/${id}`) })

/** Lets the job run that goes on with tasks nobody has worked on for a while. */
async function workInBackground({ id }: Tenant): Promise<void> {
  const earlier =
    "update type_tasks set updated_at = now() - interval '1 hour' where tenant_id = $1"
  await ownerSql('shard', id, earlier, [id])
  const body = JSON.stringify({ cron: '* * * * *' })
  // It fails when a connection is cut; the next run goes on.
  await fetch(`${ownStack().controlUrl}/cron`, { method: 'POST', body })
}

async function changeOf(type: string): Promise<string | undefined> {
  await workInBackground(tenant)
  const { body } = await tenant.request<{ change?: { status: string } | null }>(
    'GET',
    path(`/types/entity/${type}`),
  )
  return body.change?.status
}

/** A definition that was acknowledged is in the log, and says what was asked for. */
function expectTypesAsTold(definitions: readonly Write[], log: readonly Change[]): void {
  for (const { method, key, body, answer } of definitions) {
    if (method !== 'PUT' || !answer || answer.status >= 202) continue
    const event = log.find(({ seq }) => seq === answer.body.version)
    expect(event?.after, key).toMatchObject(body ?? {})
  }
}

function counts(writes: readonly Write[]): string {
  const by = Map.groupBy(writes, ({ answer }) =>
    answer
      ? `${answer.status} ${(answer.body as Partial<Problem>)?.code ?? ''}`.trim()
      : 'given up',
  )
  return [...by].map(([status, { length }]) => `${length} ${status}`).join(', ')
}

function kindsOf(log: readonly Change[]): string {
  const by = Map.groupBy(log, ({ kind }) => kind)
  return [...by].map(([kind, { length }]) => `${length} ${kind}`).join(', ')
}
