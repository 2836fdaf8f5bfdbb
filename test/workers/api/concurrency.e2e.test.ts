import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Entity, newTenant, type Tenant } from '../../harness/api.ts'
import { crashObjects, type Faults, setFaults } from '../../harness/faults.ts'
import { range } from '../../harness/sequences.ts'
import { expectAsTold, settle, type Wanted, type Write } from './concurrency/ledger.ts'
import { expectSameEverywhere, readLog } from './concurrency/replay.ts'

const WRITERS = 32
/** More where chance has left out one of the outcomes. */
const WRITES = 1_700
const MOST_WRITES = 3 * WRITES
/** Few, so that writers meet at them. */
const SHARED = 24
const GRAPH = 'contended'

/** What the way to PostgreSQL is like, by turns. */
const WEATHER: readonly Faults[] = [
  { cutBefore: 0.03, cutAfter: 0.03, delayMs: 3 },
  { cutAfter: 0.15 },
  {},
  { cutBefore: 0.15 },
  { delayMs: 30, cutAfter: 0.02 },
]
const WRITES_PER_WEATHER = 120
const WRITES_PER_CRASH = 60

const OUTCOMES = [200, 201, 204, 404, 409, 412, 'given up'] as const

const seed = Number(process.env.TENDRIL_TEST_SEED ?? Date.now() % 1_000_000)
const random = seeded(seed)
const pick = <T>(items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)]

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
  await tenant.request('POST', '/graphs', { body: { name: GRAPH } })
})

afterAll(() => setFaults({}))

it(`${WRITERS} writers through cut connections and crashes lose and double nothing (seed ${seed})`, async () => {
  const writes: Write[] = []
  const versions = new Map<string, number>()
  const outcomes = new Set<number | 'given up'>()
  const hasMetAll = () => OUTCOMES.every((outcome) => outcomes.has(outcome))
  let begun = 0

  async function writer(): Promise<void> {
    while (begun < WRITES || (begun < MOST_WRITES && !hasMetAll())) {
      begun += 1
      // Others begin while this one waits: the number has to be its own.
      const number = begun
      if (number % WRITES_PER_CRASH === 0) await crashObjects()
      if (number % WRITES_PER_WEATHER === 0) await setFaults({ ...pick(WEATHER), seed: number })
      const again = random() < 0.12 ? pick(writes) : undefined
      if (again?.answer && again.answer.status < 300) await expectRepeated(again)
      else await make(`write-${seed}-${number}`)
    }
  }

  async function make(key: string): Promise<void> {
    const write = await settle(tenant, key, nextWanted(key), random() < 0.5)
    writes.push(write)
    outcomes.add(write.answer?.status ?? 'given up')
    const { id, version } = (write.answer?.body ?? {}) as Partial<Entity>
    if (id && version && write.path.includes('/entities')) versions.set(id, version)
  }

  function nextWanted(key: string): Wanted {
    const known = pick([...versions])
    const [id, version] = known ?? [crypto.randomUUID(), 1]
    const properties = { [key]: true, last: key }
    const path = (rest: string) => `/graphs/${GRAPH}${rest}`
    const post = (rest: string, body: object): Wanted => ({
      method: 'POST',
      path: path(rest),
      body,
    })
    const dice = random()
    if (dice < 0.2) return post('/entities', { type: 'own', external_id: key, properties })
    if (dice < 0.3) return post('/entities', { type: 'shared', external_id: shared(), properties })
    if (dice < 0.42) return { method: 'PATCH', path: path(`/entities/${id}`), body: { properties } }
    if (dice < 0.58) {
      return {
        method: 'PATCH',
        path: path(`/entities/${id}`),
        body: { properties },
        ifMatch: random() < 0.8 ? version : version + 1,
      }
    }
    if (dice < 0.64) return { method: 'DELETE', path: path(`/entities/${id}`) }
    if (dice < 0.68) return { method: 'DELETE', path: path(`/entities/${id}`), ifMatch: version }
    if (dice < 0.82) {
      const ends = { from_external_id: shared(), to_external_id: shared() }
      return post('/relationships', { type: 'tie', ...ends, properties })
    }
    return post('/batch', { commands: commands(key, properties) })
  }

  function commands(key: string, properties: object): object[] {
    const own = { action: 'create_entity', type: 'own', external_id: `${key}-own`, properties }
    const [one, two] = [shared(), shared()]
    const tie = { action: 'create_relationship', type: 'tie', from_external_id: own.external_id }
    return [
      own,
      { action: 'upsert_entity', type: 'shared', external_id: one, properties },
      { ...tie, to_external_id: one },
      { ...tie, to_external_id: two },
      ...(random() < 0.3 && two !== one ? [{ action: 'delete_entity', external_id: two }] : []),
    ]
  }

  await Promise.all(range(WRITERS).map(writer))
  await setFaults({})

  const answers = Map.groupBy(writes, ({ answer }) => answer?.status ?? 'given up')
  const counts = [...answers]
    .map(([status, { length }]) => `${status}: ${length}`)
    .sort()
    .join(', ')
  const requests = writes.reduce((sum, { attempts }) => sum + attempts.length, 0)
  console.log(`seed ${seed}: ${requests} requests for ${writes.length} writes (${counts})`)
  for (const status of OUTCOMES) {
    expect(answers.has(status), `some writes were answered ${status}`).toBe(true)
  }

  const log = await readLog(tenant, GRAPH)
  expectAsTold(writes, log)
  await expectSameEverywhere(tenant, GRAPH, log)
  for (const write of writes.slice(-50)) {
    // While answers of the database get lost, the log cannot always tell a repeat from the first.
    if (write.answer && write.answer.status < 300) expect(await expectRepeated(write)).toBe(true)
  }
  expect(await readLog(tenant, GRAPH)).toHaveLength(log.length)
})

/** That asking once more changes nothing and gives the first answer. */
async function expectRepeated(write: Write): Promise<boolean> {
  const { answer } = await settle(tenant, write.key, write, false)
  expect(answer?.status, write.key).toBe(write.answer?.status)
  expect(answer?.body, write.key).toEqual(write.answer?.body)
  return answer?.headers.get('idempotency-replayed') === 'true'
}

function shared(): string {
  return `shared-${Math.floor(random() * SHARED)}`
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
function seeded(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}
