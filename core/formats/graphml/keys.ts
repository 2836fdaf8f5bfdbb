import type { Kind } from '../../log/commands.ts'
import { parseTarget, type Target } from '../csv/targets.ts'

/** A `<key>`: what the `<data>` of nodes or edges mean. */
export type Key = {
  readonly id: string
  /** Whose data it describes. */
  readonly kinds: readonly Kind[]
  readonly name: string
  readonly valueType: 'string' | 'number' | 'boolean' | 'json'
  /** What it becomes, where the file itself or the caller says so. */
  readonly target: Target | null
  /** yEd keeps the label of a node or edge inside of its drawing. */
  readonly isDrawing: boolean
  /** For nodes or edges without data of this key. */
  readonly defaultText: string | null
}

const NUMBERS = ['int', 'long', 'float', 'double', 'integer', 'short']

export function readKey(
  attributes: ReadonlyMap<string, string>,
  map: ReadonlyMap<string, string>,
): Key {
  const id = attributes.get('id') ?? ''
  const given = attributes.get('attr.name') ?? id
  const name = ownName(attributes) ?? given
  const type = attributes.get('attr.type')?.toLowerCase() ?? 'string'
  const isJson = attributes.get('own:encoding') === 'json' || attributes.has('attr.list')
  const typed = NUMBERS.includes(type) ? 'number' : type === 'boolean' ? 'boolean' : 'string'
  return {
    id,
    kinds: kindsOf(attributes.get('for')),
    name,
    valueType: isJson ? 'json' : typed,
    target: ownTarget(attributes, name) ?? mappedTarget(map.get(name)),
    isDrawing: attributes.has('yfiles.type'),
    defaultText: null,
  }
}

/** A name that XML cannot hold stands beside as JSON. */
function ownName(attributes: ReadonlyMap<string, string>): string | null {
  const json = attributes.get('own:name')
  return json === undefined ? null : String(JSON.parse(json))
}

function kindsOf(owner = 'all'): Kind[] {
  if (owner === 'node') return ['entity']
  if (owner === 'edge') return ['relationship']
  return owner === 'all' ? ['entity', 'relationship'] : []
}

function ownTarget(attributes: ReadonlyMap<string, string>, name: string): Target | null {
  switch (attributes.get('own:is')) {
    case 'property':
      return { to: 'property', key: name }
    case 'metadata':
      return { to: 'nothing' }
    case 'field':
      return parseTarget(name)?.target ?? null
    default:
      return null
  }
}

function mappedTarget(name: string | undefined): Target | null {
  if (name === undefined) return null
  return name === '-' ? { to: 'nothing' } : (parseTarget(name)?.target ?? null)
}

/** Names of well-known keys, as NetworkX, igraph, Gephi, yEd and Neo4j write them; the first counts. */
const KNOWN: Readonly<Record<Kind, Readonly<Record<string, readonly string[]>>>> = {
  entity: {
    type: ['type', 'labels'],
    name: ['name', 'label', 'Label', 'title'],
    lat: ['lat', 'latitude'],
    lon: ['lon', 'lng', 'longitude'],
  },
  relationship: { type: ['type', 'label', 'labels', 'Edge Label', 'relationship'] },
}

/** The target of each key for one kind: what the file says, the caller, a well-known name, a property. */
export function targetsOf(kind: Kind, keys: readonly Key[]): Map<Key, Target> {
  const own = keys.filter(({ kinds }) => kinds.includes(kind))
  const targets = new Map<Key, Target>()
  for (const key of own) if (key.target) targets.set(key, key.target)
  const taken = new Set(
    [...targets.values()].map((each): string => (each.to === 'field' ? each.field : '')),
  )
  const found = Object.entries(KNOWN[kind]).flatMap(([field, names]) => {
    if (taken.has(field)) return []
    const candidates = own.filter((key) => !targets.has(key))
    const key = names
      .map((name) => candidates.find((each) => each.name === name))
      .find((each) => each !== undefined)
    const target = parseTarget(field)?.target
    return key && target ? [{ field, key, target }] : []
  })
  for (const { field, key, target } of found) {
    if ((field === 'lat' || field === 'lon') && !isLocation(found)) continue
    targets.set(key, target)
  }
  for (const key of own) {
    if (!targets.has(key) && !key.isDrawing) targets.set(key, { to: 'property', key: key.name })
  }
  return targets
}

/** Half a location, or one in words, is a property like any other. */
function isLocation(found: readonly { readonly field: string; readonly key: Key }[]): boolean {
  const axes = found.filter(({ field }) => field === 'lat' || field === 'lon')
  return axes.length === 2 && axes.every(({ key }) => key.valueType === 'number')
}
