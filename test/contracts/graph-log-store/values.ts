import { expect, it } from 'vitest'
import type { Json } from '../../../core/json.ts'
import type { Content } from '../../../core/log/commands.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
  request,
  update,
  upsertEntity,
} from './requests.ts'
import type { NewSession } from './session.ts'

const MEGABYTE = 2 ** 20

const STRINGS: readonly (readonly [title: string, text: string])[] = [
  ['quotes', `'"\`$$ \\ \\' \\" %s %I ; drop table entities; --`],
  ['placeholders', '$1 $x {0} :name ?'],
  ['unicode', 'Ærlig 名前 👩‍👩‍👧 \u202e e\u0301 \u{10ffff} \ufeff'],
  ['control characters', '\u0001\t\n\r\u001f\u007f\u0085\u2028'],
  ['only spaces', ' \u00a0 '],
  ['an empty string', ''],
  ['what looks like JSON', '{"a":null}\\u0041'],
  ['a megabyte', `${'é'.repeat(MEGABYTE / 2 - 1)}"\\`],
]

const NUMBERS = [0, 1e300, -1e300, 5e-324, 1.7976931348623157e308, 0.1, 2 ** 53, -1, 1e21]

/** Nested as deep as `depth`, each level an object in an array. */
function deep(depth: number): Json {
  let value: Json = 'core'
  for (let i = 0; i < depth; i += 1) value = [{ [`level ${i}`]: value }]
  return value
}

/** Whatever JSON can say comes back unchanged, in the tables and in the images. */
export function valuesContract(newSession: NewSession): void {
  it.each(STRINGS)('keeps strings with %s wherever they stand', async (_title, text) => {
    const session = await newSession()
    // An index entry holds less than a megabyte.
    const short = text.slice(0, 400)
    const properties = { [short]: text, list: [text, { [short]: text }] }
    const fields = { externalId: short, type: short, content: { ...content(), properties } }
    await session.done({
      entities: [createEntity({ ...fields, content: { ...fields.content, name: short } })],
      relationships: [createRelationship({ from: { op: 0 }, to: { op: 0 } }, { ...fields, op: 1 })],
    })
    const named = { external_id: short, type: short, properties }
    const { entities, relationships, events } = await session.graph.contents()
    expect(entities).toMatchObject([{ ...named, name: short }])
    expect(relationships).toMatchObject([named])
    expect(events.map(({ after }) => after)).toMatchObject([{ properties }, { properties }])
    const [again] = await session.done({
      entities: [upsertEntity(short, { ...fields, content: { ...fields.content, name: short } })],
    })
    expect(again).toMatchObject({ outcome: 'unchanged' })
    const [changed] = await session.done({
      entities: [update({ externalId: short }, 1, { name: 'another' })],
    })
    expect(changed).toMatchObject({ outcome: 'updated', id: entities[0]?.id })
    await session.done({ entities: [remove({ externalId: short })] })
  })

  it('keeps commit ids, actors and fingerprints as they are', async () => {
    const session = await newSession()
    for (const [, text] of STRINGS) {
      const short = text.slice(0, 400)
      const origin = { commitId: short, fingerprint: short, actor: short, requestId: short }
      const first = request({ ...origin, entities: [createEntity()] })
      const {
        answers: [answer],
      } = await session.commit(first)
      expect((await session.commit(first)).answers).toEqual([{ ...answer, replayed: true }])
      expect((await session.reopen([short])).known.get(short)).toEqual({
        fingerprint: short,
        answer,
      })
    }
  })

  it('keeps numbers, and takes -0 for 0', async () => {
    const session = await newSession()
    const numbers = Object.fromEntries(NUMBERS.map((number) => [String(number), number]))
    await session.entity({
      externalId: 'x',
      content: content({ properties: { ...numbers, minus: -0 } }),
    })
    const properties = { ...numbers, minus: 0 }
    expect((await session.graph.contents()).entities).toEqual([
      expect.objectContaining({ properties }),
    ])
    const same = upsertEntity('x', { content: content({ properties: { ...numbers, minus: -0 } }) })
    expect(await session.done({ entities: [same] })).toMatchObject([{ outcome: 'unchanged' }])
  })

  it.each([
    ['the poles and the date line', { lat: -90, lon: 180 }],
    ['nowhere', { lat: 0, lon: 0 }],
    ['minus nowhere', { lat: -0, lon: -0 }],
    ['many digits', { lat: 59.91386881234567, lon: -1e-7 }],
  ])('keeps a location at %s', async (_title, location) => {
    const session = await newSession()
    const [created] = await session.done({
      entities: [upsertEntity('x', { content: content({ location }) })],
    })
    const same = upsertEntity('x', { content: content({ location }) })
    expect(await session.done({ entities: [same] })).toEqual([{ ...created, outcome: 'unchanged' }])
    const stored = { lat: location.lat + 0, lon: location.lon + 0 }
    expect((await session.graph.contents()).entities).toEqual([
      expect.objectContaining({ location: stored }),
    ])
  })

  it('keeps properties of any shape', async () => {
    const session = await newSession()
    const shapes: Content['properties'][] = [
      {},
      { null: null, true: true, false: false, list: [], object: {} },
      { '': '', ' ': ' ', __proto__x: 1, constructor: 'c', 'a.b': 1, $ref: '#' },
      { deep: deep(500) },
      { wide: Array.from({ length: 10_000 }, (_, i) => i) },
      Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`key ${i}`, { i }])),
    ]
    const entities = shapes.map((properties, op) =>
      upsertEntity(`x${op}`, { op, content: content({ properties }) }),
    )
    await session.done({ entities })
    const stored = (await session.graph.contents()).entities
    for (const [i, properties] of shapes.entries()) {
      expect(stored.find(({ external_id }) => external_id === `x${i}`)).toMatchObject({
        properties,
      })
    }
    const again = await session.done({ entities })
    expect(again.map(({ outcome }) => outcome)).toEqual(shapes.map(() => 'unchanged'))
  })

  it('names are also kept as search compares them', async () => {
    const session = await newSession()
    const names = { 'ÅSE Ünïcode': 'åse ünïcode', 'ﬁne Ｗide': 'fine wide', '': '' }
    for (const name of Object.keys(names)) await session.entity({ content: content({ name }) })
    await session.entity({ content: content({ name: null }) })
    const { entities } = await session.graph.contents()
    const keys = entities.map((entity) => [entity.name, entity.name_key])
    expect(keys).toEqual(expect.arrayContaining([...Object.entries(names), [null, '']]))
  })
}
