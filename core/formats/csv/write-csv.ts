import { stringify } from 'csv-stringify/sync'
import type { Json, JsonObject } from '../../json.ts'
import type { Kind } from '../../log/commands.ts'
import { type ColumnType, ColumnTypes, plainText } from '../column-types.ts'
import type { Exported, Records } from '../exported.ts'
import type { Pieces } from '../pieces.ts'
import { METADATA_COLUMNS } from './targets.ts'

/** Beyond these, properties stand together in a column of JSON. */
const MAX_PROPERTY_COLUMNS = 1_000
const ROWS_PER_CHUNK = 100

const FORMAT = {
  record_delimiter: '\n',
  // Some readers cut spaces off of cells that are not quoted, or break lines at more than LF.
  quoted_match: [/^\s|\s$/, /[\r\n\u0085\u2028\u2029]/],
}

/** A column: its header, and its cell of a record; `''`: absent. */
type Column = { readonly header: string; readonly cellOf: (record: Exported) => string }

export type WriteCsvOptions = { readonly metadata?: boolean }

/**
 * Records of one kind with typed headers, so that reading them gives the same records. Looks at the
 * records twice: first for the properties that they have, and of which types.
 */
export async function* writeCsv(
  kind: Kind,
  records: Records,
  options: WriteCsvOptions = {},
): AsyncGenerator<string> {
  const seen = new Seen()
  for await (const record of records()) seen.add(record)
  const columns = columnsOf(kind, seen, options)
  yield csvOf([columns.map(({ header }) => header)])
  let rows: string[][] = []
  for await (const record of records()) {
    rows.push(columns.map(({ cellOf }) => cellOf(record)))
    if (rows.length < ROWS_PER_CHUNK) continue
    yield csvOf(rows)
    rows = []
  }
  yield csvOf(rows)
}

export function csvPieces(kind: Kind, options: WriteCsvOptions = {}): Pieces {
  return {
    unseen: new Seen().toJson(),
    look(known, records) {
      const seen = new Seen(known)
      for (const record of records) seen.add(record)
      return seen.toJson()
    },
    open: (known) => csvOf([columnsOf(kind, new Seen(known), options).map(({ header }) => header)]),
    write(known, records) {
      const columns = columnsOf(kind, new Seen(known), options)
      return csvOf(records.map((record) => columns.map(({ cellOf }) => cellOf(record))))
    },
    close: '',
  }
}

function csvOf(rows: readonly string[][]): string {
  return rows.length === 0 ? '' : stringify([...rows], FORMAT)
}

type SeenJson = { readonly types: [key: string, type: ColumnType][]; readonly hasRest: boolean }

/** What the properties of records are like, as far as they were looked at. */
class Seen {
  // An empty cell is an absent property, so an empty text has to be written as something else.
  readonly #types = new ColumnTypes(MAX_PROPERTY_COLUMNS, (text) => text !== '')
  #hasRest: boolean

  /** `known`: what `toJson` gave. */
  constructor(known: Json = { types: [], hasRest: false }) {
    const { types, hasRest } = known as unknown as SeenJson
    this.#types.restore(types)
    this.#hasRest = hasRest
  }

  add({ properties }: Exported): void {
    for (const [key, value] of Object.entries(properties)) this.#types.add(key, value)
    const types = this.#types
    this.#hasRest ||= types.isFull && Object.keys(properties).some((key) => !types.has(key))
  }

  get properties(): [key: string, type: ColumnType][] {
    return this.#types.sorted()
  }

  /** Whether some properties have no column of their own. */
  get hasRest(): boolean {
    return this.#hasRest
  }

  toJson(): Json {
    return { types: this.properties, hasRest: this.#hasRest }
  }
}

function columnsOf(
  kind: Kind,
  { properties, hasRest }: Seen,
  { metadata = false }: WriteCsvOptions,
): Column[] {
  const own = new Set(properties.map(([key]) => key))
  return [
    ...(kind === 'entity' ? ENTITY_COLUMNS : RELATIONSHIP_COLUMNS),
    ...properties.map(([key, type]) => ({
      header: `properties.${key}:${type}`,
      cellOf({ properties }: Exported) {
        const value = Object.hasOwn(properties, key) ? properties[key] : undefined
        return value === undefined ? '' : plainText(type, value)
      },
    })),
    ...(hasRest
      ? [{ header: 'properties', cellOf: (record: Exported) => restOf(record, own) }]
      : []),
    ...(metadata ? DECIDED : []),
  ]
}

function restOf({ properties }: Exported, own: ReadonlySet<string>): string {
  const rest: JsonObject = Object.fromEntries(
    Object.entries(properties).filter(([key]) => !own.has(key)),
  )
  return Object.keys(rest).length === 0 ? '' : JSON.stringify(rest)
}

const COMMON: readonly Column[] = [
  { header: 'id', cellOf: ({ id }) => id },
  { header: 'external_id', cellOf: ({ external_id }) => external_id ?? '' },
  { header: 'type', cellOf: ({ type }) => type },
]

const ENTITY_COLUMNS: readonly Column[] = [
  ...COMMON,
  { header: 'name', cellOf: (record) => ('name' in record && record.name) || '' },
  { header: 'lat', cellOf: (record) => coordinate(record, 'lat') },
  { header: 'lon', cellOf: (record) => coordinate(record, 'lon') },
]

const RELATIONSHIP_COLUMNS: readonly Column[] = [
  ...COMMON,
  { header: 'from_id', cellOf: (record) => ('from_id' in record ? record.from_id : '') },
  { header: 'to_id', cellOf: (record) => ('to_id' in record ? record.to_id : '') },
]

const FIELDS_OF_METADATA = ['version', 'created_at', 'updated_at'] as const

const DECIDED: readonly Column[] = FIELDS_OF_METADATA.map((field, i) => ({
  header: METADATA_COLUMNS[i] ?? '',
  cellOf: (record) => String(record[field] ?? ''),
}))

function coordinate(record: Exported, axis: 'lat' | 'lon'): string {
  return 'location' in record && record.location ? JSON.stringify(record.location[axis]) : ''
}
