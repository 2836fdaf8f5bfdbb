import { type FieldError, invalid } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import { jsonProblems, parseJsonExactly, textProblem } from '../../core/json-problems.ts'
import {
  type Comparison,
  type ContainsFilter,
  type ListQuery,
  MAX_LIST_LIMIT,
  type Near,
  type PropertyFilter,
  type Sort,
} from '../../core/log/list-query.ts'
import { parseListCursor } from './cursors.ts'

const DEFAULT_LIMIT = 50

export type Reader = { readonly params: URLSearchParams; readonly errors: FieldError[] }

const COMMON = ['type', 'external_id', 'search', 'sort', 'cursor', 'limit']
const OWN = {
  entity: [...COMMON, 'name_prefix', 'name[contains]', 'near', 'radius_m'],
  relationship: [...COMMON, 'from_id', 'to_id'],
} as const

/**
 * Reads the query of a list. Throws one error that names every parameter that is unknown or wrong.
 */
export function parseListQuery(
  params: URLSearchParams,
  kind: 'entity' | 'relationship',
): ListQuery {
  const reader: Reader = { params, errors: [] }
  const allowed: readonly string[] = OWN[kind]
  const properties: PropertyFilter[] = []
  const contains: ContainsFilter[] = []
  for (const [name, value] of params) {
    const problems = [...textProblem(name, name), ...textProblem(value, name)]
    if (problems.length > 0) reader.errors.push(...problems)
    else if (name.endsWith('[contains]') && (allowed.includes(name) || PROPERTY.test(name))) {
      contains.push(...containsFilter(reader, name, value))
    } else if (name.startsWith('properties.')) {
      properties.push(...propertyFilter(reader, name, value))
    } else if (!allowed.includes(name)) complain(reader, name, 'is not a parameter of this list')
  }
  const sort = readSort(reader, kind)
  const query = {
    type: params.get('type'),
    externalId: params.get('external_id'),
    namePrefix: params.get('name_prefix'),
    fromId: readUuid(reader, 'from_id'),
    toId: readUuid(reader, 'to_id'),
    properties,
    contains,
    search: readSearch(reader),
    near: readNear(reader),
    sort,
    limit: readInteger(reader, 'limit', DEFAULT_LIMIT, 1, MAX_LIST_LIMIT),
  }
  finish(reader)
  const cursor = params.get('cursor')
  return { ...query, after: cursor === null ? null : parseListCursor(cursor, sort) }
}

/** An integer parameter; adds a complaint when it is not one within the bounds. */
export function readInteger(
  { params, errors }: Reader,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number {
  const text = params.get(name)
  if (text === null) return otherwise
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN
  if (value >= min && value <= max) return value
  errors.push({ pointer: name, message: `must be an integer from ${min} to ${max}` })
  return otherwise
}

export function finish({ errors }: Reader): void {
  if (errors.length > 0) throw invalid(errors)
}

/** Starts reading parameters of which only `names` are allowed. */
export function readParams(params: URLSearchParams, names: readonly string[]): Reader {
  const reader: Reader = { params, errors: [] }
  for (const [name, value] of params) {
    if (!names.includes(name)) complain(reader, name, 'is not a parameter here')
    else reader.errors.push(...textProblem(value, name))
  }
  return reader
}

export function readOneOf<T extends string>(
  reader: Reader,
  name: string,
  values: readonly T[],
  otherwise: T,
): T {
  const text = reader.params.get(name)
  const value = text === null ? otherwise : values.find((each) => each === text)
  if (value !== undefined) return value
  complain(reader, name, `must be one of ${values.join(', ')}`)
  return otherwise
}

function readUuid(reader: Reader, name: string): string | null {
  const text = reader.params.get(name)
  if (text !== null && !isUuid(text)) complain(reader, name, 'must be a UUID')
  return text
}

const PROPERTY = /^properties\.([^[\]]+)(?:\[(\w+)\])?$/
const COMPARISONS: readonly Comparison[] = ['eq', 'gt', 'gte', 'lt', 'lte']

/** `properties.a.b=x` or `properties.a.b[gte]=x`. */
function propertyFilter(reader: Reader, name: string, text: string): PropertyFilter[] {
  const [, path, operator = 'eq'] = PROPERTY.exec(name) ?? []
  const comparison = COMPARISONS.find((each) => each === operator)
  if (path === undefined || comparison === undefined) {
    complain(
      reader,
      name,
      `must be properties.<key> with one of [${[...COMPARISONS, 'contains'].join('], [')}]`,
    )
    return []
  }
  const { value, problems } = literal(text, name)
  reader.errors.push(...problems)
  if (comparison !== 'eq' && typeof value !== 'number' && typeof value !== 'string') {
    complain(reader, name, 'a range compares numbers or strings')
    return []
  }
  return [{ path: path.split('.'), comparison, value }]
}

/** Most characters of a text that is looked for. */
const MAX_SEARCH_CHARACTERS = 1_000

/** `name[contains]=x` or `properties.a.b[contains]=x`: text, whatever it looks like. */
function containsFilter(reader: Reader, name: string, text: string): ContainsFilter[] {
  if (text === '' || text.length > MAX_SEARCH_CHARACTERS) {
    complain(reader, name, `must have 1 to ${MAX_SEARCH_CHARACTERS} characters`)
    return []
  }
  const [, path] = PROPERTY.exec(name) ?? []
  return [{ path: path?.split('.') ?? null, text }]
}

function readSearch(reader: Reader): string | null {
  const words = reader.params.get('search')
  if (words === null) return null
  needType(reader, 'search')
  if (words.trim() === '' || words.length > MAX_SEARCH_CHARACTERS) {
    complain(reader, 'search', `must have words, at most ${MAX_SEARCH_CHARACTERS} characters`)
  }
  return words
}

/** Beyond it is no place on Earth. */
const MAX_RADIUS_M = 21_000_000

function readNear(reader: Reader): Near | null {
  const place = reader.params.get('near')
  const radius = reader.params.get('radius_m')
  if (place === null) {
    if (radius !== null) complain(reader, 'radius_m', 'goes with near')
    return null
  }
  needType(reader, 'near')
  const [lat = Number.NaN, lon = Number.NaN, ...rest] = place.split(',').map(decimal)
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180) || rest.length > 0) {
    complain(reader, 'near', 'must be latitude,longitude in degrees')
  }
  const radiusM = radius === null ? null : decimal(radius)
  if (radiusM !== null && !(radiusM >= 0 && radiusM <= MAX_RADIUS_M)) {
    complain(reader, 'radius_m', `must be metres from 0 to ${MAX_RADIUS_M}`)
  }
  return { lat, lon, radiusM }
}

/** Indexes belong to types. */
function needType(reader: Reader, name: string): void {
  if (!reader.params.has('type')) complain(reader, name, 'needs a type, whose index it uses')
}

function decimal(text: string): number {
  return /^\s*-?\d{1,20}(\.\d{1,20})?\s*$/.test(text) ? Number(text) : Number.NaN
}

/** A JSON number, `true`, `false`, `null` or quoted string is taken as that, anything else as text. */
function literal(text: string, name: string): { value: Json; problems: readonly FieldError[] } {
  if (!/^(-?\d|true$|false$|null$|")/.test(text)) return { value: text, problems: [] }
  try {
    const { value, problems } = parseJsonExactly(text)
    const inexact = problems.map(({ message }) => ({ pointer: name, message }))
    return { value: value as Json, problems: [...inexact, ...jsonProblems(value, name)] }
  } catch {
    // Not JSON, so it is text: `5th Avenue`.
    return { value: text, problems: [] }
  }
}

const SORTS = ['id', 'created_at', 'updated_at', 'version', 'name'] as const

function readSort(reader: Reader, kind: 'entity' | 'relationship'): Sort {
  const text = reader.params.get('sort')
  if (text === null && reader.params.has('search')) return { by: 'rank', descending: true }
  if (text === null && reader.params.has('near')) return { by: 'distance', descending: false }
  return readSortName(reader, kind, text ?? 'created_at')
}

function readSortName(reader: Reader, kind: 'entity' | 'relationship', text: string): Sort {
  const descending = text.startsWith('-')
  const key = descending ? text.slice(1) : text
  if (key.startsWith('properties.') && key.length > 'properties.'.length) {
    return { by: 'property', path: key.slice('properties.'.length).split('.'), descending }
  }
  const sorts = kind === 'entity' ? SORTS : SORTS.filter((each) => each !== 'name')
  const by = sorts.find((each) => each === key)
  if (by) return { by, descending }
  complain(
    reader,
    'sort',
    `must be one of ${sorts.join(', ')} or properties.<key>, with - to reverse`,
  )
  return { by: 'created_at', descending: false }
}

function complain({ errors }: Reader, pointer: string, message: string): void {
  errors.push({ pointer, message })
}
