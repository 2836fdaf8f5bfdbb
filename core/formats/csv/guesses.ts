import type { Kind } from '../../log/commands.ts'
import type { ColumnProfile } from './profile.ts'
import type { Field } from './targets.ts'

/** Names that tools and people give to columns, in the order in which they are looked for. */
const KNOWN: Readonly<Record<Kind, readonly (readonly [Field, readonly string[]])[]>> = {
  entity: [
    ['external_id', ['externalid', 'id', '_id', ':id', 'nodeid', 'uid', 'uuid', 'key']],
    ['name', ['name', 'label', 'title']],
    ['type', ['type', ':label', 'kind', 'nodetype']],
    ['lat', ['lat', 'latitude']],
    ['lon', ['lon', 'lng', 'long', 'longitude']],
  ],
  relationship: [
    ['external_id', ['externalid', 'id', '_id', 'edgeid', 'uid', 'uuid']],
    ['from_external_id', ['from', 'src', 'source', ':startid', 'start', 'sourceid', 'fromid']],
    ['to_external_id', ['to', 'dst', 'dest', 'target', ':endid', 'end', 'targetid', 'toid']],
    ['type', ['type', ':type', 'label', 'kind', 'relationship', 'edgetype']],
  ],
}

/** Where a name is the record's id here instead of its id in the system it comes from. */
const OWN_IDS: Partial<Record<Field, Field>> = {
  external_id: 'id',
  from_external_id: 'from_id',
  to_external_id: 'to_id',
}

/**
 * The columns that common names give away, of those that nobody has mapped. Ids that are all UUIDs
 * are taken for ids of this system's own.
 */
export function guessFields(
  kind: Kind,
  columns: readonly ColumnProfile[],
  taken: ReadonlySet<Field>,
): Map<ColumnProfile, Field> {
  const guesses = new Map<ColumnProfile, Field>()
  for (const [field, names] of KNOWN[kind]) {
    const own = OWN_IDS[field]
    if (taken.has(field) || (own && taken.has(own))) continue
    const column = names
      .map((name) => columns.find((each) => plain(each.header) === name && !guesses.has(each)))
      .find((each) => each !== undefined)
    if (!column) continue
    const isOwn = own && column.onlyUuids && column.example !== null
    guesses.set(column, isOwn ? own : field)
  }
  return guesses
}

/** Whether two of the names are the ends of a relationship. */
export function looksLikeRelationships(columns: readonly ColumnProfile[]): boolean {
  const guessed = new Set(guessFields('relationship', columns, new Set()).values())
  return (
    (guessed.has('from_external_id') || guessed.has('from_id')) &&
    (guessed.has('to_external_id') || guessed.has('to_id'))
  )
}

function plain(header: string): string {
  return header
    .trim()
    .toLowerCase()
    .replace(/(?<=.)[ _.-]/g, '')
    .replace(/^.+(:id)$/, '$1')
}
