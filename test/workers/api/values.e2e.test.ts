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

let tenant: Tenant
let end: string

beforeAll(async () => {
  tenant = await newTenant()
  const { body } = await tenant.request<Entity>('POST', '/entities', { body: { type: 'end' } })
  end = body.id
})

/** Lists inside each other. */
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** As JSON text, because JavaScript would change some of them on their way out. */
const VALUES: readonly (readonly [string, string])[] = [
  ['empty text', '""'],
  ['quotes and backslashes', JSON.stringify(`"'\\ \`$1 %s ; drop table entities; -- /* */`)],
  ['control characters', JSON.stringify('\n\r\t\b\f\u0001\u001f\u007f\u0085\u2028\u2029')],
  ['other scripts', JSON.stringify('שלום مرحبا 你好 Ελληνικά हिन्दी \u202e\u200b')],
  ['astral characters', JSON.stringify('\u{1f331}\u{10ffff}\u{1f468}\u200d\u{1f469}')],
  ['text that is not normalized', JSON.stringify('e\u0301 \ufb01 \u212b')],
  ['escaped pairs', '"\\ud83c\\udf31"'],
  ['a megabyte of text', JSON.stringify('text 文 '.repeat(100_000))],
  ['text that looks like JSON', '"{\\"a\\": [1]}"'],
  ['zero', '0'],
  ['minus one', '-1'],
  ['the largest exact integer', '9007199254740991'],
  ['a larger integer that a double holds', '9007199254740994'],
  ['an integer with 23 digits that a double holds', '10000000000000000000000'],
  ['a huge number', '1e300'],
  ['the largest double', '1.7976931348623157e308'],
  ['the smallest double', '5e-324'],
  ['a fraction', '0.1'],
  ['a fraction with many digits', '3.141592653589793'],
  ['true', 'true'],
  ['false', 'false'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['an empty list', '[]'],
  ['mixed lists', '[null,true,1,"x",{},[],[[]],{"a":[{}]}]'],
  ['keys of every kind', JSON.stringify({ '': 1, ' ': 2, 'a.b': 3, 'a/b~c': 4, 'ключ\n"': 5 })],
  ['keys of prototypes', '{"__proto__":{"a":1},"constructor":{"prototype":2},"toString":3}'],
  ['a number as a key', '{"10":1,"9":2,"-1":3,"01":4}'],
  ['deep nesting', nested(60)],
]

describe('properties give back', () => {
  it.each(VALUES)('%s', async (_what, json) => {
    const value: unknown = JSON.parse(json)
    const properties = `{"value":${json},"__proto__":${json}}`
    const expected = JSON.parse(properties)
    const make = async <T>(path: string, rest: string) => {
      const body = `{"type":"odd",${rest}"properties":${properties}}`
      const { status, body: made, text } = await tenant.request<T>('POST', path, { body })
      expect(status, text.slice(0, 500)).toBe(201)
      return made
    }
    const entity = await make<Entity>('/entities', '')
    const ends = `"from_id":"${end}","to_id":"${end}",`
    const tie = await make<Relationship>('/relationships', ends)

    const log = await tenant.request<Changes>('GET', `/changes?after=${entity.version - 1}`)
    const list = await tenant.request<Page<Entity>>(
      'GET',
      '/entities?type=odd&sort=-version&limit=1',
    )
    const shown = [
      entity,
      tie,
      (await tenant.request<Entity>('GET', `/entities/${entity.id}`)).body,
      (await tenant.request<Entity>('GET', `/entities/${entity.id}?as_of=${entity.version}`)).body,
      (await tenant.request<Relationship>('GET', `/relationships/${tie.id}`)).body,
      list.body.items[0],
      ...log.body.items.map(({ after }) => after as unknown as Entity),
    ]
    expect(shown).toHaveLength(8)
    for (const record of shown) expect(record?.properties).toEqual(expected)
    // `toEqual` overlooks what is behind a key named __proto__.
    for (const record of shown) {
      const own = Object.getOwnPropertyDescriptor(record?.properties ?? {}, '__proto__')
      expect(own?.value).toEqual(value)
    }
  })

  it('minus zero as zero', async () => {
    const body = '{"type":"odd","properties":{"z":-0,"f":-0.0}}'
    const { text } = await tenant.request('POST', '/entities', { body })
    expect(JSON.parse(text).properties).toEqual({ z: 0, f: 0 })
  })

  it('the last of two values of one key', async () => {
    const body = '{"type":"odd","properties":{"a":1,"a":2}}'
    const made = await tenant.request<Entity>('POST', '/entities', { body })
    expect(made.body.properties).toEqual({ a: 2 })
  })

  it('what a patch has left of keys of prototypes', async () => {
    const properties = '{"__proto__":{"a":1,"b":2},"x":1}'
    const { body } = await tenant.request<Entity>('POST', '/entities', {
      body: `{"type":"odd","properties":${properties}}`,
    })
    const patched = await tenant.request('PATCH', `/entities/${body.id}`, {
      body: '{"properties":{"__proto__":{"a":null,"c":3}}}',
    })
    expect(patched.text).toContain('"properties":{"x":1,"__proto__":{"b":2,"c":3}}')
    expect(Object.prototype).not.toHaveProperty('c')
  })
})

describe('names and external ids give back', () => {
  it.each([
    `"'\\ ; drop table entities; --`,
    ' spaces ',
    '\n',
    '\u{1f331}'.repeat(250),
    'ﬁ İ ß ς',
    '%_*?',
    '..',
    'null',
    '0',
  ])('%j', async (text) => {
    const body = { type: 'odd', name: text, external_id: text }
    const { body: made } = await tenant.request<Entity>('POST', '/entities', { body })
    expect(made).toMatchObject({ name: text, external_id: text })
    const query = new URLSearchParams({ external_id: text, name_prefix: text })
    const found = await tenant.request<Page<Entity>>('GET', `/entities?${query}`)
    expect(found.body.items).toEqual([made])
  })
})

describe('what cannot be kept as it is', () => {
  it.each([
    ['NUL', '"a\\u0000b"', 'U+0000'],
    ['the first half of a pair', '"\\ud800"', 'surrogate'],
    ['the second half of a pair', '"x\\udc00x"', 'surrogate'],
    ['an integer beyond 2^53', '9007199254740993', 'send it as a string'],
    ['a negative one', '-9007199254740993', 'send it as a string'],
    ['an integer of 400 digits', `1${'0'.repeat(399)}`, 'send it as a string'],
    ['a number that is no double', '1e999', 'too large a number'],
    ['too deep nesting', nested(70), 'deeper than 64 levels'],
  ])('is refused by field and reason: %s', async (_what, json, reason) => {
    const properties = `{"ok":1,"list":[0,{"a/b":${json}}]}`
    const command = `{"action":"create_entity","type":"odd","properties":${properties}}`
    for (const [path, body, prefix] of [
      ['/entities', `{"type":"odd","properties":${properties}}`, ''],
      ['/batch', `{"commands":[${command}]}`, '/commands/0'],
    ] as const) {
      const answer = await tenant.request('POST', path, { body })
      expect(answer.status).toBe(422)
      const [field] = fieldsOf(answer.body)
      expect(field).toContain(`${prefix}/properties/list/1/a~1b`)
      expect(answer.body.errors?.[0]?.message).toContain(reason)
    }
  })

  it('is refused in keys, names, external ids and types as well, all at once', async () => {
    const body = JSON.stringify({
      type: 'a\0',
      name: '\ud800',
      external_id: 'x\0',
      properties: { 'k\0': 1, nest: { '\udc00': 1 } },
    })
    const answer = await tenant.request('POST', '/entities', { body })
    expect(answer.status).toBe(422)
    const nest = ['/properties/k\0', '/properties/nest/\udc00']
    expect(fieldsOf(answer.body)).toEqual(['/external_id', '/name', ...nest, '/type'].sort())
  })
})
