import { beforeEach, describe, expect, it, vi } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Problem,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { control, evictObjects, withFaults } from '../../harness/faults.ts'
import { ownerSql } from '../../harness/owner-sql.ts'

const SECRET = 'Ada Lovelace of Marylebone'

let tenant: Tenant
let ada: Entity
let bob: Entity
/** Head of the log once the entity was there and once it was gone. */
let seqs: { readonly there: number; readonly gone: number }

beforeEach(async () => {
  tenant = await newTenant()
  ada = await create<Entity>('/entities', {
    ...{ type: 'person', external_id: 'ada', name: SECRET, location: { lat: 51.5, lon: -0.1 } },
    properties: { mail: SECRET },
  })
  bob = await create<Entity>('/entities', { type: 'person', external_id: 'bob', name: 'Bob' })
  const { version } = await create<Relationship>('/relationships', {
    ...{ type: 'knows', from_id: ada.id, to_id: bob.id, external_id: 'ada-bob' },
    properties: { since: SECRET },
  })
  const { status } = await tenant.request('DELETE', `/entities/${ada.id}`)
  expect(status).toBe(204)
  seqs = { there: version, gone: version + 2 }
})

async function create<T>(path: string, body: object): Promise<T> {
  const answer = await tenant.request<T>('POST', path, { body })
  expect(answer.status).toBe(201)
  return answer.body
}

type Erased = { readonly items: readonly { readonly id: string; readonly seq: number }[] }

const erase = <Body = Erased>(body: object, headers = {}) =>
  tenant.request<Body>('POST', '/erasures', { body, headers })

const changes = async () => {
  const headers = { 'tendril-consistency': 'strong' }
  return (await tenant.request<Changes>('GET', '/changes', { headers })).body
}

describe('erasing what the log says of a deleted entity', () => {
  it('leaves no word of it, but that it was there, and who did what when', async () => {
    const before = await changes()
    expect(JSON.stringify(before)).toContain(SECRET)
    const { status, body, headers } = await erase({ entities: [ada.id], reason: 'request 4711' })
    expect([status, body]).toEqual([200, { items: [{ id: ada.id, seq: seqs.gone + 1 }] }])
    expect(headers.get('tendril-bookmark')).toMatch(/^b1\./)

    const after = await changes()
    for (const word of [SECRET, '"ada"', 'ada-bob']) {
      expect(JSON.stringify(after)).not.toContain(word)
    }
    expect(after.items.slice(0, -1)).toEqual(
      before.items.map((each) =>
        each.id === bob.id
          ? each
          : { ...each, external_id: null, before: null, after: null, erased: true },
      ),
    )
    expect(after.items.at(-1)).toMatchObject({
      ...{ kind: 'record.erased', id: ada.id, type: 'person', external_id: null },
      ...{ before: null, after: { reason: 'request 4711' } },
    })
    expect(after.items.at(-1)?.actor).toMatch(/^user:/)
    expect(after.items.at(-1)).not.toHaveProperty('erased')
  })

  it('has its past answered by 410, and that of others as before', async () => {
    const asOf = (id: string, seq: number) =>
      tenant.request<Problem & Entity>('GET', `/entities/${id}?as_of=${seq}`)
    expect((await asOf(ada.id, seqs.there)).body.name).toBe(SECRET)
    await erase({ external_ids: ['ada'] })
    const { status, body } = await asOf(ada.id, seqs.there)
    expect([status, body.code]).toEqual([410, 'erased'])
    expect((await asOf(ada.id, seqs.gone)).status).toBe(404)
    expect((await asOf(bob.id, seqs.there)).body.name).toBe('Bob')
  })

  it('is refused while it exists, and where there never was such an entity', async () => {
    const exists = await erase<Problem>({ entities: [ada.id, bob.id], external_ids: ['bob'] })
    expect([exists.status, exists.body.code]).toEqual([409, 'still_exists'])
    expect(fieldsOf(exists.body)).toEqual(['/entities/1', '/external_ids/0'])
    const missing = await erase<Problem>({ entities: [ada.id], external_ids: ['nobody'] })
    expect([missing.status, missing.body.code]).toEqual([404, 'not_found'])
    expect(fieldsOf(missing.body)).toEqual(['/external_ids/0'])
    expect(JSON.stringify(await changes())).toContain(SECRET)
  })

  it.each<[object, readonly string[]]>([
    [{}, ['']],
    [{ entities: [], external_ids: [] }, ['']],
    [{ entities: ['not an id'] }, ['/entities/0']],
    [{ entities: [crypto.randomUUID()], reason: 'x'.repeat(501) }, ['/reason']],
    [{ external_ids: Array.from({ length: 101 }, (_, i) => `${i}`) }, ['/external_ids']],
    [{ everything: true }, ['', '/everything']],
  ])('names what is wrong with %j', async (body, fields) => {
    const answer = await erase<Problem>(body)
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, fields])
  })

  it('that is repeated with its key is done once', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const first = await erase({ entities: [ada.id] }, headers)
    const again = await erase({ entities: [ada.id] }, headers)
    expect([again.status, again.body]).toEqual([200, first.body])
    expect(again.headers.get('idempotency-replayed')).toBe('true')
    expect((await erase({ entities: [bob.id] }, headers)).status).toBe(422)
    expect((await changes()).head).toBe(seqs.gone + 1)
  })

  it('that was never repeated after it broke off is finished by a sweep', async () => {
    // As a commit leaves it that could not blank all, and whose request is long gone.
    await ownerSql(
      'shard',
      tenant.id,
      `insert into unfinished_erasures (tenant_id, graph_id, seq, entity_ids, updated_at)
        select tenant_id, graph_id, seq + 1, array[subject_id], now() - interval '2 minutes'
        from events where tenant_id = $1 and kind = 'entity.deleted'`,
      [tenant.id],
    )
    expect(JSON.stringify(await changes())).toContain(SECRET)
    await control('/cron', { cron: '* * * * *' })
    await vi.waitFor(async () => expect(JSON.stringify(await changes())).not.toContain(SECRET), {
      timeout: 30_000,
      interval: 200,
    })
  })

  it('is done once, and wholly, while connections to the database break', async () => {
    const headers = { 'idempotency-key': crypto.randomUUID() }
    const statuses: number[] = []
    await withFaults({ cutBefore: 0.3, cutAfter: 0.4, seed: 11 }, async () => {
      for (let i = 0; i < 50 && statuses.at(-1) !== 200; i += 1) {
        statuses.push((await erase({ entities: [ada.id] }, headers)).status)
      }
    })
    expect(statuses.at(-1)).toBe(200)
    expect(statuses.slice(0, -1).every((status) => status === 503)).toBe(true)
    const { items } = await changes()
    expect(items.filter(({ kind }) => kind === 'record.erased')).toHaveLength(1)
    expect(JSON.stringify(items)).not.toContain(SECRET)
  })

  it('has every cached value of the graph read anew, also after a restart of the log', async () => {
    const status = async () => {
      const headers = { 'tendril-consistency': 'strong' }
      const answer = await tenant.request('GET', '/entities?type=person', { headers })
      return answer.headers.get('cache-status')
    }
    await status()
    expect(await status()).toBe('tendril-memory; hit')
    await erase({ entities: [ada.id] })
    await evictObjects()
    expect(await status()).toBe('tendril-memory; fwd=miss')
    expect(await status()).toBe('tendril-memory; hit')
  })

  it('amid other writers takes its place in the log, and never what is created anew', async () => {
    const bodyOf = (i: number) => ({ type: 'person', name: `writer ${i}` })
    const anew = { id: ada.id, type: 'person', name: 'another of the same id' }
    const writes = Array.from({ length: 30 }, (_, i) =>
      tenant.request('POST', '/entities', { body: i === 15 ? anew : bodyOf(i) }),
    )
    const erasures = Array.from({ length: 4 }, () => erase({ entities: [ada.id] }))
    expect((await Promise.all(writes)).every(({ status }) => status === 201)).toBe(true)
    const answers = await Promise.all(erasures)
    expect(answers.every(({ status }) => status === 200 || status === 409)).toBe(true)
    const done = answers.filter(({ status }) => status === 200).length

    const { items, head } = (
      await tenant.request<Changes>('GET', '/changes?limit=1000', {
        headers: { 'tendril-consistency': 'strong' },
      })
    ).body
    expect(items.map(({ seq }) => seq)).toEqual(Array.from({ length: head }, (_, i) => i + 1))
    expect(items.filter(({ kind }) => kind === 'record.erased')).toHaveLength(done)
    expect(JSON.stringify(items).includes(SECRET)).toBe(done === 0)
    const created = items.findLast(({ kind, id }) => kind === 'entity.created' && id === ada.id)
    expect(created?.after).toMatchObject({ name: anew.name })
    // Whoever came after the creation was refused.
    const last = items.findLast(({ kind }) => kind === 'record.erased')
    expect(last?.seq ?? 0).toBeLessThan(created?.seq ?? 0)
  })

  it('takes an owner or an admin', async () => {
    for (const [role, status] of [
      ['writer', 403],
      ['reader', 403],
      ['admin', 200],
    ] as const) {
      const key = await tenant.apiKey(role)
      const answer = await key.request('POST', '/erasures', { body: { entities: [ada.id] } })
      expect([role, answer.status]).toEqual([role, status])
    }
  })
})
