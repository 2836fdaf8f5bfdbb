import { beforeAll, describe, expect, it } from 'vitest'
import type { JsonObject } from '../../../core/json.ts'
import { type Entity, fieldsOf, newTenant, type Problem, type Tenant } from '../../harness/api.ts'
import { download, endOf, type Job } from '../../harness/jobs.ts'
import { randomFrom } from '../../harness/random.ts'
import { range } from '../../harness/sequences.ts'

const HOSTS = 60
/** Sparse, so that there are several components, and entities that nothing leads to or from. */
const EDGES = 70

type Host = { readonly id: string; readonly type: string }
type Edge = { readonly type: string; readonly from: string; readonly to: string }

let tenant: Tenant
let hosts: Host[]
let edges: Edge[]
let seq: number

const types = ['host', 'server']

beforeAll(async () => {
  tenant = await newTenant()
  const random = randomFrom(7)
  const below = (count: number) => Math.floor(random() * count)
  const ends = range(EDGES).map((n) => {
    return { type: n % 3 === 0 ? 'knows' : 'trusts', from: below(HOSTS), to: below(HOSTS) }
  })
  const commands = [
    ...range(HOSTS).map((n) => {
      return { action: 'create_entity', type: types[n % 2] ?? '', external_id: `${n}` }
    }),
    ...ends.map(({ type, from, to }) => ({
      ...{ action: 'create_relationship', type },
      ...{ from_external_id: `${from}`, to_external_id: `${to}` },
    })),
  ]
  const written = await tenant.request('POST', '/batch', { body: { commands } })
  expect(written.status).toBe(200)
  seq = commands.length
  const { body } = await tenant.request<{ items: Entity[] }>('POST', '/entities/lookup', {
    body: { external_ids: range(HOSTS).map(String) },
  })
  hosts = body.items.map(({ id, type }) => ({ id, type }))
  const idOf = (n: number) => hosts[n]?.id ?? ''
  edges = ends.map(({ type, from, to }) => ({ type, from: idOf(from), to: idOf(to) }))
})

/** What these filters leave. */
function kept({ relationship_types: edgeTypes, entity_types: entityTypes }: JsonObject) {
  const isIn = (list: unknown, type: string) => !Array.isArray(list) || list.includes(type)
  const entities = hosts.filter(({ type }) => isIn(entityTypes, type))
  const ids = new Set(entities.map(({ id }) => id))
  const between = edges.filter(({ type, from, to }) => {
    return isIn(edgeTypes, type) && ids.has(from) && ids.has(to)
  })
  return { entities, between }
}

/** The formula, round by round, without any cleverness. */
function naiveScores(filters: JsonObject, damping: number, rounds: number): Map<string, number> {
  const { entities, between } = kept(filters)
  const n = entities.length
  let scores = new Map(entities.map(({ id }) => [id, 1 / n]))
  const leaving = (id: string) => between.filter(({ from }) => from === id).length
  for (let round = 0; round < rounds; round += 1) {
    let stuck = 0
    for (const [id, score] of scores) if (leaving(id) === 0) stuck += score
    const next = new Map(entities.map(({ id }) => [id, (1 - damping + damping * stuck) / n]))
    for (const { from, to } of between) {
      const share = (damping * (scores.get(from) ?? 0)) / leaving(from)
      next.set(to, (next.get(to) ?? 0) + share)
    }
    scores = next
  }
  return scores
}

/** Names spread along relationships until nothing changes any more. */
function naiveComponents(filters: JsonObject): Map<string, string> {
  const { entities, between } = kept(filters)
  const names = new Map(entities.map(({ id }) => [id, id]))
  for (let isChanged = true; isChanged; ) {
    isChanged = false
    for (const { from, to } of between) {
      const [a = '', b = ''] = [names.get(from), names.get(to)].sort()
      if (a === b) continue
      names.set(from, a)
      names.set(to, a)
      isChanged = true
    }
  }
  return names
}

async function analysed(path: string, body: JsonObject) {
  const accepted = await tenant.request<Job>('POST', path, { body })
  expect(accepted.status).toBe(202)
  const { id } = accepted.body
  expect(accepted.headers.get('location')).toBe(`/api/v1/jobs/${id}`)
  const job = await endOf(tenant, id)
  expect(job).toMatchObject({ state: 'succeeded', error: null })
  const { text, status, headers } = await download(job.files[0])
  expect(status).toBe(200)
  expect(headers.get('content-type')).toBe('application/x-ndjson')
  const rows = text
    .split('\n')
    .slice(0, -1)
    .map((line): Record<string, unknown> => JSON.parse(line))
  return { job, rows }
}

const FILTERS: readonly JsonObject[] = [
  {},
  { relationship_types: ['trusts'] },
  { entity_types: ['host'], relationship_types: ['trusts', 'knows'] },
  { entity_types: ['nothing'] },
]

describe('PageRank of a graph', () => {
  it.each(FILTERS)('is that of the formula, the highest first: %o', async (filters) => {
    const { job, rows } = await analysed('/pagerank', { ...filters, tolerance: 1e-12 })
    const expected = naiveScores(filters, 0.85, 250)
    expect(job).toMatchObject({
      ...{ kind: 'pagerank', graph: 'default' },
      files: [{ name: 'default-pagerank.ndjson' }],
      result: { seq, entities: expected.size, converged: true, top: rows.slice(0, 10) },
    })
    expect(rows.map(({ id }) => id).sort()).toEqual([...expected.keys()].sort())
    const typeOf = new Map(hosts.map(({ id, type }) => [id, type]))
    for (const { id, type, score } of rows) {
      expect(score).toBeCloseTo(expected.get(String(id)) ?? Number.NaN, 9)
      expect(type).toBe(typeOf.get(String(id)))
    }
    const ordered = rows.toSorted((a, b) => {
      return Number(b.score) - Number(a.score) || (String(a.id) < String(b.id) ? -1 : 1)
    })
    expect(rows).toEqual(ordered)
  })

  it('takes a damping and a number of iterations', async () => {
    const { job, rows } = await analysed('/graphs/default/pagerank', {
      ...{ damping: 0.5, max_iterations: 3 },
    })
    expect(job.result).toMatchObject({ iterations: 3, converged: false })
    const expected = naiveScores({}, 0.5, 3)
    for (const { id, score } of rows) {
      expect(score).toBeCloseTo(expected.get(String(id)) ?? Number.NaN, 12)
    }
  })

  it('is refused with the name of each field that is wrong', async () => {
    const { status, body } = await tenant.request<Problem>('POST', '/pagerank', {
      body: { damping: 1, tolerance: 0, max_iterations: 201, entity_types: 'host', where: {} },
    })
    expect(status).toBe(422)
    expect(fieldsOf(body).sort()).toEqual(
      ['/damping', '/entity_types', '/max_iterations', '/tolerance', '/where'].sort(),
    )
  })
})

describe('the components of a graph', () => {
  it.each(FILTERS)('are what is connected, by the smallest id: %o', async (filters) => {
    const { job, rows } = await analysed('/components', filters)
    const expected = naiveComponents(filters)
    expect(rows).toEqual([...expected].map(([id, component]) => ({ id, component })).sort(byId))
    const sizes = new Map<string, number>()
    for (const name of expected.values()) sizes.set(name, (sizes.get(name) ?? 0) + 1)
    const largest = [...sizes]
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .map(([component, entities]) => ({ component, entities }))
      .slice(0, 10)
    expect(job).toMatchObject({
      ...{ kind: 'components', files: [{ name: 'default-components.ndjson' }] },
      result: { seq, entities: expected.size, components: sizes.size, largest },
    })
  })

  it('are found once for a request that is repeated', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const ask = () => tenant.request<Job>('POST', '/components', { body: {}, headers })
    const first = await ask()
    const again = await ask()
    expect(again.body.id).toBe(first.body.id)
    expect(again.headers.get('idempotency-replayed')).toBe('true')
  })
})

const byId = (a: { readonly id: string }, b: { readonly id: string }) => (a.id < b.id ? -1 : 1)
