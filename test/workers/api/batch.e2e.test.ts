import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

type Outcome = { readonly outcome: string; readonly id: string; readonly version: number }

let tenant: Tenant

beforeAll(async () => {
  tenant = await newTenant()
})

const batch = <Body = { items: readonly Outcome[] }>(commands: readonly object[]) =>
  tenant.request<Body>('POST', '/batch', { body: { commands } })

async function head(): Promise<number> {
  return (await tenant.request<Changes>('GET', '/changes?limit=1')).body.head
}

const unique = () => crypto.randomUUID()

describe('a batch', () => {
  it('does every kind of command, in one go, and says what each did', async () => {
    const [x, y] = [unique(), unique()]
    const { body: made } = await batch([
      { action: 'create_entity', type: 'n', external_id: x, properties: { a: 1 } },
      { action: 'upsert_entity', type: 'n', external_id: y, name: 'Y' },
      { action: 'create_relationship', type: 'r', from_external_id: x, to_external_id: y },
      {
        action: 'upsert_relationship',
        type: 'r',
        external_id: x,
        from_external_id: y,
        to_external_id: x,
      },
    ])
    expect(made.items.map(({ outcome }) => outcome)).toEqual(range(4).map(() => 'created'))
    const before = await head()
    const { headers, body } = await batch([
      { action: 'patch_entity', external_id: x, properties: { b: 2 } },
      { action: 'upsert_entity', type: 'n', external_id: y, name: 'Y' },
      { action: 'upsert_entity', type: 'n', id: made.items[0]?.id, external_id: unique() },
    ])
    // An id that another external id has is no way to rename a record.
    expect(body).toMatchObject({ code: 'id_taken', command: 2 })
    expect(await head()).toBe(before)
    expect(headers.has('tendril-bookmark')).toBe(false)
    const { body: changed } = await batch([
      { action: 'patch_entity', external_id: x, properties: { b: 2 } },
      { action: 'upsert_entity', type: 'n', external_id: y, name: 'Y' },
      { action: 'patch_relationship', external_id: x, properties: { w: 1 } },
      { action: 'delete_relationship', id: made.items[2]?.id },
    ])
    expect(changed.items.map(({ outcome, id }) => [outcome, id])).toEqual([
      ['updated', made.items[0]?.id],
      ['unchanged', made.items[1]?.id],
      ['updated', made.items[3]?.id],
      ['deleted', made.items[2]?.id],
    ])
    expect(changed.items[1]?.version).toBe(made.items[1]?.version)
    const { body: gone } = await batch([{ action: 'delete_entity', external_id: x }])
    expect(gone.items[0]).toMatchObject({ outcome: 'deleted', id: made.items[0]?.id })
  })

  it('lets relationships name entities that it writes, wherever they stand', async () => {
    const [x, id] = [unique(), unique()]
    const { status, body } = await batch([
      { action: 'create_relationship', type: 'r', from_external_id: x, to_id: id },
      { action: 'create_entity', type: 'n', external_id: x },
      { action: 'create_entity', type: 'n', id },
      { action: 'create_relationship', type: 'r', from_id: id, to_id: id },
    ])
    expect(status).toBe(200)
    const tie = await tenant.request<Relationship>('GET', `/relationships/${body.items[0]?.id}`)
    expect(tie.body).toMatchObject({ from_id: body.items[1]?.id, to_id: id })
  })

  it('lets later commands build on earlier ones', async () => {
    const x = unique()
    const before = await head()
    const { body } = await batch([
      { action: 'create_entity', type: 'n', external_id: x, properties: { a: 1, b: 1 } },
      { action: 'patch_entity', external_id: x, name: 'Named', properties: { b: null } },
      { action: 'patch_entity', external_id: x, properties: { c: 3 } },
    ])
    const [{ id } = { id: '' }] = body.items
    expect(body.items.map((item) => item.id)).toEqual([id, id, id])
    const read = await tenant.request<Entity>('GET', `/entities/${id}`)
    expect(read.body).toMatchObject({ name: 'Named', properties: { a: 1, c: 3 } })
    // One record, one event: a batch has no inner history.
    expect(await head()).toBe(before + 1)
  })

  it.each([
    ['not_found', 404, () => ({ action: 'patch_entity', id: unique() })],
    ['not_found', 404, () => ({ action: 'delete_relationship', external_id: unique() })],
    [
      'version_mismatch',
      412,
      (taken: Entity) => ({ action: 'patch_entity', id: taken.id, name: 'x', if_version: 999_999 }),
    ],
    [
      'version_mismatch',
      412,
      (taken: Entity) => ({ action: 'delete_entity', id: taken.id, if_version: 999_999 }),
    ],
    ['id_taken', 409, ({ id }: Entity) => ({ action: 'create_entity', type: 'n', id })],
    [
      'external_id_taken',
      409,
      ({ external_id }: Entity) => ({ action: 'create_entity', type: 'n', external_id }),
    ],
    [
      'type_mismatch',
      409,
      ({ external_id }: Entity) => ({ action: 'upsert_entity', type: 'other', external_id }),
    ],
    [
      'from_not_found',
      409,
      ({ id }: Entity) => ({
        action: 'create_relationship',
        type: 'r',
        from_external_id: unique(),
        to_id: id,
      }),
    ],
    [
      'to_not_found',
      409,
      ({ id }: Entity) => ({
        action: 'upsert_relationship',
        type: 'r',
        id: unique(),
        from_id: id,
        to_id: unique(),
      }),
    ],
  ])('with one command refused as %s does nothing at all', async (code, status, commandOf) => {
    const { body: taken } = await tenant.request<Entity>('POST', '/entities', {
      body: { type: 'n', external_id: unique() },
    })
    const before = await head()
    const refused = await batch<{ code: string; command: number; errors: object[] }>(
      [
        { action: 'create_entity', type: 'n' },
        { action: 'patch_entity', id: taken.id, name: 'Changed' },
        { action: 'create_entity', type: 'n' },
        commandOf(taken),
      ].slice(code === 'version_mismatch' ? 2 : 0),
    )
    const command = code === 'version_mismatch' ? 1 : 3
    expect([refused.status, refused.body.code]).toEqual([status, code])
    expect(refused.body.command).toBe(command)
    expect(refused.body.errors).toMatchObject([{ pointer: `/commands/${command}` }])
    expect(await head()).toBe(before)
    const read = await tenant.request('GET', `/entities/${taken.id}`)
    expect(read.body).toEqual(taken)
  })

  it('refuses another type or other ends for a relationship that is there', async () => {
    const [x, y, r] = [unique(), unique(), unique()]
    const ends = { from_external_id: x, to_external_id: y }
    await batch([
      { action: 'create_entity', type: 'n', external_id: x },
      { action: 'create_entity', type: 'n', external_id: y },
      { action: 'create_relationship', type: 'r', external_id: r, ...ends },
    ])
    const upsert = { action: 'upsert_relationship', type: 'r', external_id: r, ...ends }
    const other = await batch<{ code: string }>([{ ...upsert, type: 'other' }])
    expect([other.status, other.body.code]).toEqual([409, 'type_mismatch'])
    const moved = await batch<{ code: string }>([
      { ...upsert, from_external_id: y, to_external_id: x },
    ])
    expect([moved.status, moved.body.code]).toEqual([409, 'ends_mismatch'])
    const same = await batch([upsert])
    expect(same.body.items).toMatchObject([{ outcome: 'unchanged' }])
  })

  it('lists every bad command at once, by JSON pointer', async () => {
    const { status, body } = await tenant.request('POST', '/batch', {
      body: {
        commands: [
          { action: 'create_entity', type: 'n', oops: 1 },
          { action: 'explode' },
          { action: 'patch_entity', name: 'x' },
          { action: 'delete_entity', id: unique(), external_id: 'both' },
          { action: 'upsert_entity', type: 'n' },
          { action: 'create_relationship' },
          { action: 'patch_entity', id: unique(), if_version: 0 },
          { type: 'n' },
          7,
        ],
        more: true,
      },
    })
    expect(status).toBe(422)
    expect(fieldsOf(body)).toEqual(
      [
        '/commands/0/oops',
        '/commands/1/action',
        '/commands/2/id',
        '/commands/3/id',
        '/commands/4/external_id',
        ...['type', 'from_id', 'to_id'].map((field) => `/commands/5/${field}`),
        '/commands/6/if_version',
        '/commands/7/action',
        '/commands/8',
        '/more',
      ].sort(),
    )
  })

  it('cannot both write and delete a record, nor create it twice', async () => {
    const x = unique()
    const create = { action: 'create_entity', type: 'n', external_id: x }
    const both = await batch<{ code: string }>([
      create,
      { action: 'delete_entity', external_id: x },
    ])
    expect([both.status, both.body.code]).toEqual([422, 'invalid'])
    const twice = await batch<{ code: string }>([create, create])
    expect([twice.status, twice.body.code]).toEqual([409, 'external_id_taken'])
  })

  it('takes 1,000 commands, and not one more', async () => {
    const command = { action: 'create_entity', type: 'bulk', properties: { n: 1 } }
    const full = await batch(range(1_000).map(() => command))
    expect([full.status, full.body.items.length]).toEqual([200, 1_000])
    const { items } = full.body
    const [first] = items
    expect(items.map(({ version }) => version)).toEqual(
      range(1_000).map((n) => n + (first?.version ?? 0)),
    )
    const over = await tenant.request('POST', '/batch', {
      body: { commands: range(1_001).map(() => command) },
    })
    expect([over.status, fieldsOf(over.body)]).toEqual([422, ['/commands']])
    for (const commands of [[], null, {}]) {
      expect((await tenant.request('POST', '/batch', { body: { commands } })).status).toBe(422)
    }
    const { body } = await tenant.request<Page<Entity>>('GET', '/entities?type=bulk&limit=1000')
    expect([body.items.length, body.next]).toEqual([1_000, null])
  })
})
