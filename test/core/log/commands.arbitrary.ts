import fc from 'fast-check'
import type { Command, Content, ContentPatch, Kind, Ref } from '../../../core/log/commands.ts'
import type { NaiveGraph, NaiveRecord } from './naive-graph.ts'

const names = {
  entity: { ids: ['e1', 'e2', 'e3', 'e4'], externalIds: ['x1', 'x2', 'x3'] },
  relationship: { ids: ['r1', 'r2', 'r3'], externalIds: ['y1', 'y2'] },
} as const

function content(name: string, value: number): Content {
  return { name, location: null, properties: { value, nested: { kept: true } } }
}

const entity = { kind: 'entity', ends: null, type: 'T' } as const

/** A graph with few names, so that commands meet: e1 is also x1, e2 has no external id. */
export const GRAPH: NaiveGraph = [
  { ...entity, id: 'e1', externalId: 'x1', version: 1, content: content('one', 1) },
  { ...entity, id: 'e2', externalId: null, version: 2, content: content('two', 2) },
  {
    ...{ kind: 'relationship', id: 'r1', externalId: 'y1', type: 'T', version: 3 },
    ...{ ends: { from: 'e1', to: 'e2' }, content: { ...content('', 3), name: null } },
  } satisfies NaiveRecord,
]

const id = (kind: Kind) => fc.constantFrom(...names[kind].ids)
const externalId = (kind: Kind) => fc.constantFrom(...names[kind].externalIds)

function ref(kind: Kind): fc.Arbitrary<Ref> {
  return fc.oneof(fc.record({ id: id(kind) }), fc.record({ externalId: externalId(kind) }))
}

const someContent = fc.nat({ max: 9 }).map((value) => content('new', value))

const somePatch: fc.Arbitrary<ContentPatch> = fc.record(
  {
    name: fc.constantFrom('patched', null),
    location: fc.constantFrom({ lat: 1, lon: 2 }, null),
    properties: fc.constantFrom({ value: 7 }, { value: null }, { nested: { more: 1 } }, {}),
  },
  { requiredKeys: [] },
)

const ifVersion = fc.constantFrom(null, null, null, 1, 2, 3)

function commandOn(kind: Kind): fc.Arbitrary<Command> {
  const written = {
    ...{ kind: fc.constant(kind), action: fc.constantFrom('create', 'upsert', 'upsert') },
    ...{ id: id(kind), externalId: fc.option(externalId(kind)), content: someContent },
    type: fc.constantFrom('T', 'T', 'T', 'U'),
  }
  const target = { kind: fc.constant(kind), target: ref(kind), ifVersion }
  const ends = { from: ref('entity'), to: ref('entity') }
  return fc.oneof(
    // A union by kind, which the type of `record` cannot see.
    fc.record(kind === 'entity' ? written : { ...written, ...ends }) as fc.Arbitrary<Command>,
    fc.record({ ...target, action: fc.constant('patch' as const), patch: somePatch }),
    fc.record({ ...target, action: fc.constant('delete' as const) }),
  )
}

/** The commands of one request. */
export const someCommands: fc.Arbitrary<Command[]> = fc.array(
  fc.oneof({ weight: 2, arbitrary: commandOn('entity') }, commandOn('relationship')),
  { minLength: 1, maxLength: 5 },
)
