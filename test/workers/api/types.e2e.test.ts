import { beforeAll, describe, expect, it } from 'vitest'
import {
  type Changes,
  type Entity,
  fieldsOf,
  newTenant,
  type Page,
  type Problem,
  type Relationship,
  type Tenant,
} from '../../harness/api.ts'
import { range } from '../../harness/sequences.ts'

type TypeDefinition = {
  readonly kind: string
  readonly name: string
  readonly json_schema: object
  readonly version: number
}

let tenant: Tenant

const HOST = {
  type: 'object',
  properties: {
    os: { type: 'string' },
    cores: { type: 'integer', minimum: 1 },
    nest: { type: 'object', properties: { 'größe/m': { type: 'number' } } },
  },
  required: ['os'],
  additionalProperties: false,
}

beforeAll(async () => {
  tenant = await newTenant()
  await define('entity', 'host', HOST)
  await define('relationship', 'link', { properties: { mbit: { type: 'number' } } })
})

const define = <Body = TypeDefinition>(kind: string, name: string, json_schema: unknown) =>
  tenant.request<Body>('POST', '/types', { body: { kind, name, json_schema } })

const list = (path: string) => tenant.request<Page<TypeDefinition>>('GET', path)

async function host(properties: object = { os: 'linux' }, extra: object = {}): Promise<Entity> {
  const body = { type: 'host', properties, ...extra }
  const answer = await tenant.request<Entity>('POST', '/entities', { body })
  expect(answer.status, answer.text).toBe(201)
  return answer.body
}

describe('defining a type', () => {
  it('answers with it, lists it, and leaves an event', async () => {
    const schema = { properties: { a: { $ref: '#/$defs/b' } }, $defs: { b: { type: 'string' } } }
    const { status, headers, body } = await define('entity', 'defined', schema)
    expect([status, body.json_schema]).toEqual([201, schema])
    const path = '/api/v1/graphs/default/types/entity/defined'
    expect(headers.get('location')).toBe(path)
    expect((await tenant.request('GET', `/${path}`)).body).toEqual(body)
    const { body: list } = await tenant.request<Page<TypeDefinition>>('GET', '/types')
    expect(list.items).toContainEqual(body)
    const log = await tenant.request<Changes>('GET', `/changes?after=${body.version - 1}`)
    expect(log.body.items[0]).toMatchObject({
      kind: 'type.defined',
      type: 'defined',
      id: null,
      after: { kind: 'entity', json_schema: schema },
    })
  })

  it('is possible once, and per kind', async () => {
    const again = await define<{ code: string }>('entity', 'host', {})
    expect([again.status, again.body.code]).toEqual([409, 'type_exists'])
    expect((await define('relationship', 'host', {})).status).toBe(201)
  })

  it('lists them page by page', async () => {
    const names = range(5).map((i) => `paged-${i}`)
    for (const name of names) await define('entity', name, {})
    const listed: string[] = []
    for (let path: string | null = '/types?limit=2'; path !== null; ) {
      const page: Awaited<ReturnType<typeof list>> = await list(path)
      expect(page.body.items.length).toBeLessThanOrEqual(2)
      listed.push(...page.body.items.map(({ kind, name }) => `${kind} ${name}`))
      path = page.body.next && `/types?limit=2&cursor=${page.body.next}`
    }
    const all = await list('/types?limit=1000')
    expect([...listed].sort()).toEqual(listed)
    expect(listed).toEqual(all.body.items.map(({ kind, name }) => `${kind} ${name}`))
    expect(listed).toEqual(expect.arrayContaining(names.map((name) => `entity ${name}`)))
    for (const path of ['/types?limit=0', '/types?sort=name']) {
      expect((await tenant.request('GET', path)).status).toBe(422)
    }
    expect((await tenant.request('GET', '/types?cursor=nonsense')).status).toBe(400)
  })

  it.each([
    [{ type: 'array' }, '/json_schema'],
    [{ type: 'strin' }, '/json_schema/type'],
    [{ properties: { a: { type: 12 } } }, '/json_schema/properties/a/type'],
    [{ properties: { a: 1 } }, '/json_schema/properties/a'],
    [{ properties: { a: { enum: 'x' } } }, '/json_schema/properties/a/enum'],
    [{ required: 'os' }, '/json_schema/required'],
    [{ properties: { a: { pattern: '(' } } }, '/json_schema/properties/a/pattern'],
    [{ properties: { a: { $ref: '#/nope' } } }, '/json_schema/properties/a/$ref'],
    [{ properties: { a: { $ref: 'other.json' } } }, '/json_schema/properties/a/$ref'],
    [{ properties: { a: { $ref: '#/properties/a' } } }, '/json_schema/properties/a/$ref'],
    [{ $ref: '#' }, '/json_schema/$ref'],
    [[], '/json_schema'],
    ['object', '/json_schema'],
    [null, '/json_schema'],
    [{ description: 'a\0b' }, '/json_schema/description'],
  ])('refuses the schema %j', async (schema, field) => {
    const { status, body } = await define<{ code: string }>('entity', 'bad', schema)
    expect([status, body.code]).toEqual([422, 'invalid'])
    expect(fieldsOf(body)).toContain(field)
  })

  it('lists every bad field at once', async () => {
    const body = { kind: 'thing', name: 'no spaces', schema: {} }
    const answer = await tenant.request('POST', '/types', { body })
    expect(answer.status).toBe(422)
    expect(fieldsOf(answer.body)).toEqual(['/json_schema', '/kind', '/name', '/schema'])
  })

  it('at the same moment is done by exactly one of many', async () => {
    const answers = await Promise.all(range(8).map(() => define('entity', 'race', {})))
    const statuses = answers.map(({ status }) => status).sort()
    expect(statuses).toEqual([201, ...range(7).map(() => 409)])
  })
})

describe('the properties of a defined type', () => {
  const bad = { cores: 0, nest: { 'größe/m': 'x' } }
  const fields = ['/properties', '/properties/cores', '/properties/nest/größe~1m']

  it('are checked when a record is created, every bad field listed', async () => {
    const body = { type: 'host', properties: bad }
    const answer = await tenant.request('POST', '/entities', { body })
    expect([answer.status, fieldsOf(answer.body)]).toEqual([422, fields])
    expect(answer.body.errors?.map(({ message }) => message).join()).toContain('"os"')
  })

  it('are checked as a patch leaves them', async () => {
    const { id } = await host({ os: 'linux', cores: 4 })
    const patch = async (properties: object) =>
      tenant.request('PATCH', `/entities/${id}`, { body: { properties } })
    const removed = await patch({ os: null })
    expect([removed.status, fieldsOf(removed.body)]).toEqual([422, ['/properties']])
    expect((await patch({ cores: 1.5 })).status).toBe(422)
    expect((await patch({ unknown: 1 })).status).toBe(422)
    expect((await patch({ os: 'plan9', cores: null })).status).toBe(200)
  })

  it('are checked in every command of a batch, all listed, nothing done', async () => {
    const { id } = await host()
    const { status, body } = await tenant.request('POST', '/batch', {
      body: {
        commands: [
          { action: 'create_entity', type: 'host', properties: { os: 'ok' } },
          { action: 'upsert_entity', type: 'host', external_id: 'new', properties: bad },
          { action: 'patch_entity', id, properties: { os: 7 } },
          {
            action: 'create_relationship',
            type: 'link',
            from_id: id,
            to_id: id,
            properties: { mbit: 'fast' },
          },
        ],
      },
    })
    expect(status).toBe(422)
    expect(fieldsOf(body)).toEqual([
      ...fields.map((field) => `/commands/1${field}`),
      '/commands/2/properties/os',
      '/commands/3/properties/mbit',
    ])
    const found = await tenant.request<Page<Entity>>('GET', '/entities?external_id=new')
    expect(found.body.items).toEqual([])
  })

  it('are checked in every row of an import, good rows loaded', async () => {
    const rows = [
      { kind: 'entity', type: 'host', external_id: 'row-1', properties: { os: 'linux' } },
      { kind: 'entity', type: 'host', external_id: 'row-2', properties: bad },
      { kind: 'entity', type: 'free', external_id: 'row-3', properties: bad },
    ]
    const { body } = await tenant.request<{ created: number; errors: Problem[] }>(
      'POST',
      '/import',
      {
        body: rows.map((row) => JSON.stringify(row)).join('\n'),
        headers: { 'content-type': 'application/x-ndjson' },
      },
    )
    expect(body.created).toBe(2)
    expect(body.errors).toMatchObject([{ line: 2, code: 'invalid' }])
    expect(fieldsOf(body.errors[0] ?? {})).toEqual(fields)
  })

  it('of a relationship are checked, too, when it is created and changed', async () => {
    const { id } = await host()
    const ends = { type: 'link', from_id: id, to_id: id }
    const post = <Body>(properties: object) =>
      tenant.request<Body>('POST', '/relationships', { body: { ...ends, properties } })
    const refused = await post<object>({ mbit: 'fast' })
    expect([refused.status, fieldsOf(refused.body)]).toEqual([422, ['/properties/mbit']])
    const made = await post<Relationship>({ mbit: 100, other: 'is open' })
    expect(made.status).toBe(201)
    const patched = await tenant.request('PATCH', `/relationships/${made.body.id}`, {
      body: { properties: { mbit: [] } },
    })
    expect(patched.status).toBe(422)
  })

  it('hold for writes that were on their way when the type was defined', async () => {
    const name = 'raced'
    const writes = range(20).map(() =>
      tenant.request<Entity>('POST', '/entities', { body: { type: name, properties: {} } }),
    )
    const definition = define('entity', name, { required: ['must'] })
    const statuses = (await Promise.all(writes)).map(({ status }) => status)
    const { status } = await definition
    const after = await tenant.request('POST', '/entities', { body: { type: name } })
    // Either a record came first and the type was refused, or no record without `must` is there.
    expect([status, after.status]).toEqual(status === 201 ? [201, 422] : [409, 201])
    expect(statuses.includes(201)).toBe(status === 409)
  })
})
