import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  newTenant,
  type Problem,
  type Tenant,
} from '../../harness/api.ts'
import { ownStack } from '../../harness/own-stack.ts'
import { ownerSql } from '../../harness/owner-sql.ts'
import { range } from '../../harness/sequences.ts'

type TypeView = {
  readonly json_schema: object
  readonly change: { readonly status: string; readonly checked?: number } | null
}

/** More than a request checks itself. */
const RECORDS = 5_500
/** It comes after all others, and one beside it. */
const LAST_ID = 'fffffff0-0000-7000-8000-000000000000'
const OTHER_ID = 'fffffff0-0000-7000-8000-000000000001'
const FREE = { title: 'free' }
const NARROW = { properties: { size: { type: 'integer' } } }
const OTHER = { required: ['size'] }

let tenant: Tenant
const path = '/types/entity/big'

beforeAll(async () => {
  tenant = await newTenant()
  await addRecords(tenant, RECORDS)
})

beforeEach(async () => {
  await put(FREE)
})

async function addRecords(owner: Tenant, count: number): Promise<void> {
  const rows = range(count).map((i) => ({
    kind: 'entity',
    type: 'big',
    external_id: `big-${i}`,
    properties: { size: i },
  }))
  const { body } = await owner.request<{ created: number }>('POST', '/import', {
    body: rows.map((row) => JSON.stringify(row)).join('\n'),
    headers: { 'content-type': 'application/x-ndjson' },
  })
  expect(body.created).toBe(count)
}

const put = <Body = TypeView>(json_schema: object, owner: Tenant = tenant) =>
  owner.request<Body>('PUT', path, { body: { json_schema } })

const get = async () => (await tenant.request<TypeView>('GET', path)).body

const write = (properties: object, extra: object = {}) =>
  tenant.request<Entity>('POST', '/entities', { body: { type: 'big', properties, ...extra } })

/** What the platform does a while after somebody last worked on the tasks. */
async function runCron(): Promise<Response> {
  const earlier = "update type_tasks set updated_at = now() - interval '1 hour'"
  await ownerSql('shard', tenant.id, earlier)
  const body = JSON.stringify({ cron: '* * * * *' })
  return fetch(`${ownStack().controlUrl}/cron`, { method: 'POST', body })
}

async function lastChange() {
  const head = (await tenant.request<Changes>('GET', '/changes?limit=1')).body.head
  const { body } = await tenant.request<Changes>('GET', `/changes?after=${head - 1}`)
  return body.items[0]
}

describe('a narrower schema for more records than a request checks', () => {
  it('binds every write at once, and is in force when the background is through', async () => {
    const begun = await put(NARROW)
    expect([begun.status, begun.body]).toMatchObject([
      202,
      { json_schema: FREE, change: { status: 'checking', json_schema: NARROW } },
    ])
    // Five pages, or as many as the time for them allows.
    expect([1_000, 2_000, 3_000, 4_000, 5_000]).toContain(begun.body.change?.checked)
    expect(begun.headers.get('retry-after')).toBe('10')
    expect((await write({ size: 'x' })).status).toBe(422)
    expect((await write({ size: 1 })).status).toBe(201)
    expect((await get()).change?.status).toBe('checking')
    expect((await runCron()).status).toBe(200)
    expect(await get()).toMatchObject({ json_schema: NARROW, change: null })
    expect(await lastChange()).toMatchObject({
      kind: 'type.changed',
      actor: 'system:type-tasks',
      before: { json_schema: FREE },
      after: { json_schema: NARROW, change: null },
    })
  })

  it('is refused by the background where a record is not as it wants it', async () => {
    await write({ size: 'x' }, { id: LAST_ID })
    expect((await put(NARROW)).status).toBe(202)
    await runCron()
    expect(await get()).toMatchObject({
      json_schema: FREE,
      change: { status: 'refused', json_schema: NARROW, examples: [{ id: LAST_ID }] },
    })
    expect((await lastChange())?.kind).toBe('type.change_refused')
    expect((await write({ size: 'y' }, { id: OTHER_ID })).status).toBe(201)
    for (const each of [LAST_ID, OTHER_ID]) await tenant.request('DELETE', `/entities/${each}`)
  })

  it('takes no other beside it, and goes on when it is asked for again', async () => {
    await put(NARROW)
    const other = await put<Problem>(OTHER)
    expect([other.status, other.body.code]).toEqual([409, 'conflict'])
    const again = await put(NARROW)
    expect([again.status, again.body]).toMatchObject([200, { json_schema: NARROW, change: null }])
  })

  it('is called off by the schema in force', async () => {
    await put(NARROW)
    const back = await put(FREE)
    expect([back.status, back.body]).toMatchObject([200, { json_schema: FREE, change: null }])
    expect((await write({ size: 'x' }, { id: OTHER_ID })).status).toBe(201)
    expect((await runCron()).status).toBe(200)
    expect(await get()).toMatchObject({ json_schema: FREE, change: null })
    await tenant.request('DELETE', `/entities/${OTHER_ID}`)
  })

  it('is given up with the definition, and with the graph', async () => {
    await put(NARROW)
    expect((await tenant.request('DELETE', path)).status).toBe(204)
    expect((await runCron()).status).toBe(200)
    expect((await tenant.request('GET', path)).status).toBe(404)
    const graph = '/graphs/doomed'
    await tenant.request('POST', '/graphs', { body: { name: 'doomed' } })
    const entity = { type: 'big', properties: { size: 'x' } }
    await tenant.request('POST', `${graph}/entities`, { body: entity })
    const [row] = await ownerSql(
      'shard',
      tenant.id,
      `insert into type_tasks (tenant_id, graph_id, kind, name, task, since_seq, updated_at)
        select tenant_id, graph_id, 'entity', 'big', 'check', 1, now() from entities
        where tenant_id = $1 and properties ->> 'size' = 'x' returning graph_id`,
      [tenant.id],
    )
    expect(row).toBeDefined()
    await tenant.request('DELETE', graph)
    expect((await runCron()).status).toBe(200)
  })

  it('is checked in full by two runs at once', async () => {
    await put(NARROW)
    const runs = await Promise.all([runCron(), runCron(), put(NARROW)])
    expect(runs.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await get()).toMatchObject({ json_schema: NARROW, change: null })
    const { body } = await tenant.request<Changes>('GET', `/changes?after=${RECORDS}`)
    const [last, ...before] = body.items.filter(({ kind }) => kind.startsWith('type.')).reverse()
    expect([before[0]?.kind, last?.kind]).toEqual(['type.changing', 'type.changed'])
  })
})
