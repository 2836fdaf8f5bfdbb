import { invalid } from '../../errors.ts'
import type { Json } from '../../json.ts'
import { escapedKey } from '../../json-problems.ts'
import type { Kind } from '../../log/commands.ts'
import { readCell } from '../csv/cell-types.ts'
import { type Field, parseTarget, type Target } from '../csv/targets.ts'
import { DerivedIds } from '../derived-ids.ts'
import { badRow, brokenAt, type Chunks, type ReadRow } from '../rows.ts'
import { type Element, graphmlParts } from './elements.ts'
import { type Key, readKey, targetsOf } from './keys.ts'
import { xmlEvents } from './xml-events.ts'

export type GraphmlOptions = {
  /** Type of nodes that do not say theirs, and of edges. */
  readonly entityType: string
  readonly relationshipType: string
  /** By name of a key: `name`, `properties.weight`, … or `-` to leave it out. */
  readonly map: ReadonlyMap<string, string>
  /** Told once of each thing that is read otherwise than the file means it. */
  readonly onWarning: (message: string) => void
}

export const GRAPHML_DEFAULTS = { entityType: 'node', relationshipType: 'edge' } as const

/** Most `<key>` elements of a file. */
const MAX_KEYS = 10_000

/** Ids of the records stand in the file as ids of nodes and edges. */
type Origin = 'own' | 'foreign'

type Reading = {
  readonly options: GraphmlOptions
  readonly origin: Origin
  readonly targets: Readonly<Record<Kind, ReadonlyMap<Key, Target>>>
  readonly ids: DerivedIds
}

/** Nodes as entities and edges as relationships, in the order of the file. */
export async function* readGraphml(
  chunks: Chunks,
  options: GraphmlOptions,
): AsyncGenerator<ReadRow> {
  const keys: Key[] = []
  let origin: Origin = 'foreign'
  let reading: Reading | null = null
  let isUndirected = false
  checkMap(options.map)
  for await (const part of graphmlParts(xmlEvents(chunks))) {
    switch (part.part) {
      case 'root':
        if (part.attributes.get('own:ids') === 'records') origin = 'own'
        break
      case 'key':
        keys.push({ ...readKey(part.attributes, options.map), defaultText: part.defaultText })
        if (keys.length > MAX_KEYS) throw brokenAt(part.line, `more than ${MAX_KEYS} keys`)
        // Some tools write keys behind the graph that uses them.
        reading = reading && withKeys(reading, keys)
        break
      case 'graph':
        isUndirected = part.attributes.get('edgedefault') === 'undirected'
        reading = { options, origin, targets: allTargets(keys), ids: new DerivedIds() }
        break
      case 'refused':
        yield badRow(part.line, part.message)
        break
      default: {
        if (!reading) throw brokenAt(part.line, 'there is no graph around it')
        const directed = part.attributes.get('directed')
        if (part.part === 'edge' && (directed ? directed === 'false' : isUndirected)) {
          options.onWarning('undirected edges are read as directed, from source to target')
        }
        yield readElement(part, reading)
      }
    }
  }
}

function checkMap(map: ReadonlyMap<string, string>): void {
  const errors = [...map].flatMap(([name, target]) => {
    const parsed = target === '-' ? true : parseTarget(target)?.target
    const isId = typeof parsed === 'object' && parsed.to === 'field' && /id$/.test(parsed.field)
    if (parsed && !isId) return []
    const message = isId
      ? `${name}: ids are those of the nodes`
      : `${JSON.stringify(target)} is neither a field nor properties.<key> nor -`
    return [{ pointer: 'map', message }]
  })
  if (errors.length > 0) throw invalid(errors)
}

function withKeys(reading: Reading, keys: readonly Key[]): Reading {
  return { ...reading, targets: allTargets(keys) }
}

function allTargets(keys: readonly Key[]): Reading['targets'] {
  return { entity: targetsOf('entity', keys), relationship: targetsOf('relationship', keys) }
}

function readElement(element: Element, reading: Reading): ReadRow {
  const { line, part, attributes, fault } = element
  if (fault !== null) return badRow(line, fault)
  if (attributes.has('sourceport') || attributes.has('targetport')) {
    return badRow(line, 'an edge between ports is not read')
  }
  const needed = part === 'node' ? ['id'] : ['source', 'target']
  const missing = needed.find((name) => !attributes.get(name))
  if (missing) return badRow(line, `the ${part} has no ${missing}`)
  const read = part === 'node' ? readNode(element, reading) : readEdge(element, reading)
  return 'error' in read ? read : { ...read, line }
}

function readNode(element: Element, reading: Reading): ReadRow {
  const { line, attributes, label } = element
  const data = readData('entity', element, reading)
  if ('error' in data) return data
  const { fields, properties } = data
  const [lat, lon] = [fields.get('lat'), fields.get('lon')]
  if ((lat === undefined) !== (lon === undefined)) {
    return badRow(line, 'has only one of lat and lon')
  }
  const id = attributes.get('id') ?? ''
  const name = fields.get('name') ?? label
  const value = {
    kind: 'entity',
    ...(reading.origin === 'own' ? { id } : { external_id: id }),
    type: fields.get('type') ?? reading.options.entityType,
    ...(fields.has('external_id') ? { external_id: fields.get('external_id') } : {}),
    ...(name === undefined || name === null ? {} : { name }),
    ...(lat === undefined ? {} : { location: { lat, lon } }),
    properties: Object.fromEntries(properties),
  }
  return { line, value, label: `node ${id}` }
}

function readEdge(element: Element, reading: Reading): ReadRow {
  const { line, attributes, label } = element
  const data = readData('relationship', element, reading)
  if ('error' in data) return data
  const { fields, properties } = data
  if (label !== null && !properties.has('label')) properties.set('label', label)
  const [from = '', to = ''] = [attributes.get('source'), attributes.get('target')]
  const type = fields.get('type') ?? reading.options.relationshipType
  const id = attributes.get('id') ?? null
  // Ids of edges are numbers in most files, and not even different ones in some.
  const derived = () => reading.ids.next('graphml', String(type), from, to, id)
  const ends =
    reading.origin === 'own'
      ? { id, from_id: from, to_id: to }
      : { id: derived(), from_external_id: from, to_external_id: to }
  const value = {
    kind: 'relationship',
    ...ends,
    type,
    ...(fields.has('external_id') ? { external_id: fields.get('external_id') } : {}),
    properties: Object.fromEntries(properties),
  }
  return { line, value, label: `edge ${from} -> ${to}` }
}

type Data = { readonly fields: Map<Field, Json>; readonly properties: Map<string, Json> }

function readData(
  kind: Kind,
  { line, attributes, data }: Element,
  { targets, origin }: Reading,
): Data | Extract<ReadRow, { error: unknown }> {
  const read: Data = { fields: new Map(), properties: new Map() }
  const problems: { pointer: string; message: string }[] = []
  for (const [key, target] of targets[kind]) {
    const text = data.get(key.id) ?? key.defaultText
    if (text === null || target.to === 'nothing') continue
    const isText = key.valueType === 'string'
    // A tool that has no number for a node writes nothing; an empty text is a text.
    if (!isText && text.trim() === '') continue
    const cell = readCell(key.valueType, isText ? text : text.trim())
    const pointer =
      target.to === 'property' ? `/properties/${escapedKey(target.key)}` : `/${key.name}`
    if ('problem' in cell) problems.push({ pointer, message: cell.problem })
    else if (target.to === 'property') read.properties.set(target.key, cell.value)
    else if (target.to === 'field') {
      if (target.field !== 'type' || origin === 'own') setField(read, target.field, cell.value)
      else setType(read, key.name, cell.value)
    }
  }
  // Neo4j writes these as attributes as well.
  const labels = attributes.get(kind === 'entity' ? 'labels' : 'label')
  if (labels && !read.fields.has('type')) setType(read, 'label', labels)
  if (problems.length > 0) return { line, error: invalid(problems) }
  return read
}

function setField({ fields }: Data, field: Field, value: Json): void {
  // An empty name is no name.
  if (value !== '') fields.set(field, field === 'lat' || field === 'lon' ? value : textOf(value))
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

const TYPE_NAME = /^[A-Za-z][A-Za-z0-9_.:-]{0,63}$/

/**
 * The type of a record of another tool, where it can be one: a text that cannot stays a property. Of
 * Neo4j's `:Person:Actor` the first is the type, and all are kept as `labels`.
 */
function setType({ fields, properties }: Data, name: string, value: Json): void {
  const text = textOf(value)
  const labels = text.split(':').filter((label) => label !== '')
  const type = text.startsWith(':') ? labels[0] : text
  if (type !== undefined && TYPE_NAME.test(type)) {
    fields.set('type', type)
    if (text.startsWith(':') && labels.length > 1) properties.set('labels', labels)
  } else if (text !== '') properties.set(name, value)
}
