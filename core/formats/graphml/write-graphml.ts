import type { Json } from '../../json.ts'
import type { Kind } from '../../log/commands.ts'
import { type ColumnType, ColumnTypes, plainText } from '../column-types.ts'
import type { Exported, Records } from '../exported.ts'
import type { Pieces } from '../pieces.ts'
import { GRAPHML, OWN } from './xml-events.ts'

/** Characters that no XML document can hold, however they are written. */
const NOT_XML = /[^\t\n\r\u0020-\ufffd]/g
const CHUNK_CHARACTERS = 64 * 1024
const TAIL = '  </graph>\n</graphml>\n'

type Role = 'field' | 'property' | 'metadata'
type Key = {
  readonly id: string
  readonly role: Role
  readonly name: string
  readonly type: ColumnType
}
type Keys = Readonly<Record<Kind, readonly Key[]>>

/** What a record has to say under the keys of one role. */
const VALUES: Readonly<Record<Role, (record: Exported) => readonly (readonly [string, Json])[]>> = {
  field: fieldsOf,
  property: ({ properties }) => Object.entries(properties),
  metadata: metadataOf,
}
const ROLES = ['field', 'property', 'metadata'] as const

/**
 * A graph as GraphML, entities first as `records` has them. What XML cannot hold, and properties of
 * several types, are written as JSON under keys that say so in a namespace of our own: other readers
 * see text. Looks at the records twice, first for their keys.
 */
export async function* writeGraphml(records: Records): AsyncGenerator<string> {
  const found = emptyFound()
  for await (const record of records()) addTypes(found, record)
  const keys = keysOf(found)
  let text = head(keys)
  for await (const record of records()) {
    text += element(record, keys[record.kind])
    if (text.length < CHUNK_CHARACTERS) continue
    yield text
    text = ''
  }
  yield text + TAIL
}

export const graphmlPieces: Pieces = {
  unseen: foundJson(emptyFound()),
  look(known, records) {
    const found = foundOf(known)
    for (const record of records) addTypes(found, record)
    return foundJson(found)
  },
  open: (known) => head(keysOf(foundOf(known))),
  write(known, records) {
    const keys = keysOf(foundOf(known))
    return records.map((record) => element(record, keys[record.kind])).join('')
  },
  close: TAIL,
}

/** The types of all values, by kind of record, role and name. */
type Found = Readonly<Record<Kind, Readonly<Record<Role, ColumnTypes>>>>

function emptyFound(): Found {
  return { entity: emptyTypes(), relationship: emptyTypes() }
}

function addTypes(found: Found, record: Exported): void {
  for (const role of ROLES) {
    for (const [name, value] of VALUES[role](record)) found[record.kind][role].add(name, value)
  }
}

function foundJson(found: Found): Json {
  const ofKind = (kind: Kind) =>
    Object.fromEntries(ROLES.map((role) => [role, found[kind][role].sorted()]))
  return { entity: ofKind('entity'), relationship: ofKind('relationship') }
}

function foundOf(json: Json): Found {
  const known = json as unknown as Record<Kind, Record<Role, [string, ColumnType][]>>
  const found = emptyFound()
  for (const kind of ['entity', 'relationship'] as const) {
    for (const role of ROLES) found[kind][role].restore(known[kind][role])
  }
  return found
}

function keysOf(found: Found): Keys {
  let count = 0
  const ofKind = (kind: Kind) =>
    ROLES.flatMap((role) =>
      found[kind][role].sorted().map(([name, type]): Key => {
        count += 1
        return { id: `d${count - 1}`, role, name, type }
      }),
    )
  return { entity: ofKind('entity'), relationship: ofKind('relationship') }
}

function emptyTypes(): Readonly<Record<Role, ColumnTypes>> {
  const types = () => new ColumnTypes(Number.POSITIVE_INFINITY, (text) => text.search(NOT_XML) < 0)
  return { field: types(), property: types(), metadata: types() }
}

function fieldsOf(record: Exported): (readonly [string, Json])[] {
  const { type, external_id } = record
  const fields: (readonly [string, Json])[] = [['type', type]]
  if (external_id !== null) fields.push(['external_id', external_id])
  if (record.kind === 'relationship') return fields
  if (record.name !== null) fields.push(['name', record.name])
  if (record.location) fields.push(['lat', record.location.lat], ['lon', record.location.lon])
  return fields
}

function metadataOf(record: Exported): (readonly [string, Json])[] {
  return (['version', 'created_at', 'updated_at'] as const).flatMap((name) => {
    const value = record[name]
    return value === undefined ? [] : [[name, value] as const]
  })
}

function head(keys: Keys): string {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="${GRAPHML}" xmlns:t="${OWN}" t:ids="records">
`
  const all = [
    ...keys.entity.map((key) => keyElement('node', key)),
    ...keys.relationship.map((key) => keyElement('edge', key)),
  ]
  return `${xml}${all.join('')}  <graph id="G" edgedefault="directed">\n`
}

const TYPES = { string: 'string', number: 'double', boolean: 'boolean', json: 'string' } as const

function keyElement(owner: 'node' | 'edge', { id, role, name, type }: Key): string {
  const shown = name.replace(NOT_XML, '\ufffd')
  const attributes = [
    `id="${id}" for="${owner}" attr.name="${attribute(shown)}" attr.type="${TYPES[type]}"`,
    `t:is="${role}"`,
    ...(type === 'json' ? ['t:encoding="json"'] : []),
    ...(shown === name ? [] : [`t:name="${attribute(xmlJson(name))}"`]),
  ]
  return `  <key ${attributes.join(' ')}/>\n`
}

function element(record: Exported, keys: readonly Key[]): string {
  const values = {
    field: new Map(VALUES.field(record)),
    property: new Map(VALUES.property(record)),
    metadata: new Map(VALUES.metadata(record)),
  }
  const data = keys.flatMap(({ id, role, name, type }) => {
    const value = values[role].get(name)
    return value === undefined ? [] : [`<data key="${id}">${content(dataText(type, value))}</data>`]
  })
  const open =
    record.kind === 'entity'
      ? `node id="${record.id}"`
      : `edge id="${record.id}" source="${record.from_id}" target="${record.to_id}"`
  return `    <${open}>${data.join('')}</${record.kind === 'entity' ? 'node' : 'edge'}>\n`
}

function dataText(type: ColumnType, value: Json): string {
  return type === 'json' ? xmlJson(value) : plainText(type, value)
}

/** JSON in which every character is one of XML. */
function xmlJson(value: Json): string {
  const escaped = (character: string) =>
    `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replace(NOT_XML, escaped)
}

const REFERENCES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
  '\n': '&#10;',
  '\t': '&#9;',
}

function content(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => REFERENCES[character] ?? '')
}

/** Where XML turns line ends and tabs into spaces, unless they are references. */
function attribute(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (character) => REFERENCES[character] ?? '')
}
