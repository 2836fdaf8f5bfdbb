import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MAX_RECORD_CHARACTERS } from '../../../core/formats/rows.ts'
import { bundleObjects } from '../../../core/formats/stix/bundle-objects.ts'
import { readStix } from '../../../core/formats/stix/read-stix.ts'
import { collect, cut, cuts } from './cut.ts'
import { json } from './graphs.arbitrary.ts'

const id = (type: string, n: number) =>
  `${type}--00000000-0000-4000-8000-${String(n).padStart(12, '0')}`

const bundle = (objects: readonly unknown[], space = 0) =>
  JSON.stringify({ type: 'bundle', id: id('bundle', 0), objects }, null, space)

async function read(text: string) {
  const rows = await collect(readStix([text]))
  return rows.map((row) => ('value' in row ? row.value : [row.line, row.error.message]))
}

describe('a STIX bundle', () => {
  it('is taken apart into its objects, however it is cut and whatever is around them', async () => {
    const objects = fc.array(fc.record({ a: json, '}"]': json }), { maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(
        objects,
        json,
        json,
        cuts,
        fc.nat(2),
        async (all, before, after, where, space) => {
          const text = JSON.stringify({ before, objects: all, after }, null, space)
          const found = await collect(bundleObjects(cut(text, where)))
          expect(found.map(({ json: each }) => JSON.parse(each))).toEqual(
            JSON.parse(JSON.stringify(all)),
          )
          expect(found.map(({ index }) => index)).toEqual(all.map((_, i) => i))
          for (const each of found) {
            const lines = text.split('\n')
            expect(lines[each.line - 1]).toContain(each.json.split('\n')[0])
          }
        },
      ),
      { numRuns: 200 },
    )
  })

  it('is entities, relationships, and what they refer to', async () => {
    const [tool, group, actor] = [id('tool', 1), id('marking-definition', 2), id('identity', 3)]
    const used = id('relationship', 4)
    const values = await read(
      bundle([
        {
          ...{ type: 'tool', id: tool, name: 'ping', created_by_ref: actor, revoked: true },
          object_marking_refs: [group, group],
          ['__proto__']: 1,
        },
        {
          ...{ type: 'relationship', id: used, relationship_type: 'uses', source_ref: actor },
          ...{ target_ref: tool, created_by_ref: actor, description: 'x' },
        },
        { type: 'report', id: id('report', 5), object_refs: [tool, used], x_ref: 'no id' },
        { type: 'ipv4-addr', id: id('ipv4-addr', 6), value: '10.0.0.1' },
        {
          ...{ type: 'sighting', id: id('sighting', 7), sighting_of_ref: tool },
          where_sighted_refs: [actor],
        },
        {
          type: 'x-acme',
          id: id('x-acme', 8),
          x_acme_of_refs: [tool],
          granular: [{ a_ref: tool }],
        },
      ]),
    )
    const ids = values.map((value) => (value as { id: string }).id)
    for (const each of ids) expect(each).toMatch(/^[0-9a-f-]{14}5[0-9a-f-]{21}$/)
    expect(new Set(ids).size).toBe(ids.length)
    const ref = (type: string, from: string, to: string, properties = {}) => ({
      ...{ kind: 'relationship', type, from_external_id: from, to_external_id: to, properties },
    })
    expect(values).toMatchObject([
      {
        kind: 'entity',
        type: 'tool',
        external_id: tool,
        name: 'ping',
        properties: { revoked: true },
      },
      ref('created_by', tool, actor),
      ref('object_marking', tool, group, { index: 0 }),
      {
        ...ref('uses', actor, tool, { created_by_ref: actor, description: 'x' }),
        external_id: used,
      },
      { type: 'report', properties: { object_refs: [used], x_ref: 'no id' } },
      ref('object', id('report', 5), tool, { index: 0 }),
      { type: 'ipv4-addr', name: '10.0.0.1', properties: { value: '10.0.0.1' } },
      { type: 'sighting', properties: {} },
      ref('sighting_of', id('sighting', 7), tool),
      ref('where_sighted', id('sighting', 7), actor, { index: 0 }),
      { type: 'x-acme', properties: { granular: [{ a_ref: tool }] } },
      ref('x_acme_of', id('x-acme', 8), tool),
    ])
  })

  it('gives ids that any implementation of UUID version 5 gives, in every run', async () => {
    const text = bundle([{ type: 'tool', id: id('tool', 1), created_by_ref: id('identity', 2) }])
    expect(await read(text)).toEqual(await read(text))
    expect(await read(text)).toMatchObject([
      { id: '937db656-f015-56f1-ac70-7ab01ec7790c' },
      { id: '6e7b955f-5bd3-5bc7-8da2-816d980c3741' },
    ])
  })

  it('names bad objects by line, place and reason, and reads the others', async () => {
    const text = `{"objects":[
{"type":"tool"},
{"type":"tool","id":"ping"},
{"type":"relationship","id":"${id('relationship', 1)}","source_ref":"a"},
{"type":"tool","id":"${id('tool', 1)}","n":9007199254740993},
{"type":"tool","id":"${id('tool', 2)}",},
{"type":"tool","id":"${id('tool', 3)}"}]}`
    const values = await read(text)
    expect(values).toMatchObject([
      [2, 'objects/0: /id: Invalid input: expected string, received undefined'],
      [3, 'objects/1: /id: must be a STIX id: <type>--<UUID>'],
      [4, 'objects/2: 3 fields are invalid'],
      [5, expect.stringContaining('objects/3: /n: the integer')],
      [6, expect.stringContaining('objects/4: not JSON')],
      { external_id: id('tool', 3) },
    ])
  })

  it.each([
    ['is no JSON', '{"objects":[}\n', 'line 1: not a STIX bundle'],
    [
      'has something else among its objects',
      '{\n"objects":[{},\n1]}',
      'line 3: not a STIX bundle: 1',
    ],
    ['lacks a comma', '{"objects":[{}{}]}', 'not a STIX bundle: "{" is not expected in objects'],
    ['has a comma too many', '{"objects":[{},]}', 'not a STIX bundle: "]" is not expected'],
    ['lacks a colon', '{"objects" []}', 'not a STIX bundle: "[" is not expected here'],
    ['has no objects', '{"type":"bundle"}', 'not a STIX bundle: it has no objects'],
    ['has objects twice', '{"objects":[],"objects":[]}', 'it has objects twice'],
    ['has an object for objects', '{"objects":{}}', 'objects is not an array'],
    ['is an array', '[]', 'line 1: not a STIX bundle: "[" is not expected here'],
    [
      'ends early',
      '{"objects":[{"a":1},\n{"b":',
      'line 2: not a STIX bundle: it ends before its end',
    ],
    ['goes on after its end', '{"objects":[]}\n{}', 'line 2: not a STIX bundle'],
    ['is empty', '', 'line 1: not a STIX bundle: it ends before its end'],
    ['has an unquoted word', '{"objects":[]\n,x}', 'not a STIX bundle'],
  ])('that %s is refused at its line', async (_what, text, message) => {
    await expect(read(text)).rejects.toThrow(message)
    await expect(collect(readStix(cut(text, 'everywhere')))).rejects.toThrow(message)
  })

  it('never keeps more than one object in memory', async () => {
    let given = 0
    function* endless() {
      yield '{"objects":[{"a":"'
      for (given = 0; given < 100; given += 1) yield 'x'.repeat(1024 * 1024)
    }
    await expect(collect(readStix(endless()))).rejects.toThrow(`more than ${MAX_RECORD_CHARACTERS}`)
    expect(given).toBeLessThanOrEqual(9)
  })
})
