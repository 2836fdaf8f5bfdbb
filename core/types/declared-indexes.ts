import type { FieldError } from '../errors.ts'
import type { Kind } from '../log/commands.ts'
import type { DeclaredIndex, IndexMethod, TypeTask } from './definition.ts'

/** An index as a caller declares it. */
export type WantedIndex = Pick<DeclaredIndex, 'name' | 'method' | 'fields'>

/** Indexes of one type: each is written with every record of it. */
export const MAX_INDEXES = 10
/** Fields of one index. */
export const MAX_INDEX_FIELDS = 4
/** Characters of a field: an index is part of every event of its type. */
const MAX_FIELD_CHARACTERS = 500
/** Keys of a path, as many as a document may be nested. */
const MAX_PATH_KEYS = 16

/** What is wrong with the indexes declared for a type, as pointers into the list of them. */
export function indexProblems(kind: Kind, wanted: readonly WantedIndex[]): FieldError[] {
  const problems = wanted.flatMap((index, i) =>
    fieldsProblems(kind, index).map(({ pointer, message }) => ({
      pointer: `/${i}${pointer}`,
      message,
    })),
  )
  wanted.forEach((index, i) => {
    const earlier = wanted.slice(0, i)
    if (earlier.some(({ name }) => name === index.name)) {
      problems.push({ pointer: `/${i}/name`, message: 'is the name of another index' })
    } else if (earlier.some((other) => isSameIndex(other, index, { named: false }))) {
      problems.push({ pointer: `/${i}`, message: 'is the same as another index' })
    }
  })
  if (wanted.length > MAX_INDEXES) {
    problems.push({ pointer: '', message: `has more than ${MAX_INDEXES} indexes` })
  }
  return problems
}

function fieldsProblems(kind: Kind, { method, fields }: WantedIndex): FieldError[] {
  if (method === 'geo') return geoProblems(kind, fields)
  const problems = fields.flatMap((field, i): FieldError[] => {
    const message = fieldProblem(kind, field) ?? doubleProblem(field, fields.slice(0, i))
    return message === null ? [] : [{ pointer: `/fields/${i}`, message }]
  })
  const most = mostFields(method)
  if (fields.length === 0 || fields.length > most) {
    const count = most === 1 ? 'exactly 1 field' : `1 to ${most} fields`
    problems.push({ pointer: '/fields', message: `must have ${count}` })
  }
  return problems
}

/** Searching for a part of a text needs an index per text; the others take several fields. */
function mostFields(method: IndexMethod): number {
  return method === 'text' ? 1 : MAX_INDEX_FIELDS
}

function geoProblems(kind: Kind, fields: readonly string[]): FieldError[] {
  if (kind === 'relationship') {
    return [{ pointer: '/method', message: 'a relationship has no location' }]
  }
  return fields.length > 0
    ? [{ pointer: '/fields', message: 'must be empty: it is of the location' }]
    : []
}

function fieldProblem(kind: Kind, field: string): string | null {
  if (field.length > MAX_FIELD_CHARACTERS) return `has more than ${MAX_FIELD_CHARACTERS} characters`
  if (field === 'name') return kind === 'entity' ? null : 'a relationship has no name'
  const [first, ...path] = field.split('.')
  if (first !== 'properties' || path.length === 0 || path.includes('')) {
    const forms = kind === 'entity' ? 'name or properties.<key>' : 'properties.<key>'
    return `must be ${forms}, keys of nested objects after dots`
  }
  return path.length > MAX_PATH_KEYS ? `has more than ${MAX_PATH_KEYS} keys` : null
}

function doubleProblem(field: string, earlier: readonly string[]): string | null {
  return earlier.includes(field) ? 'is there already' : null
}

function isSameIndex(a: WantedIndex, b: WantedIndex, { named }: { readonly named: boolean }) {
  return (
    (!named || a.name === b.name) &&
    a.method === b.method &&
    a.fields.length === b.fields.length &&
    a.fields.every((field, i) => field === b.fields[i])
  )
}

/** The indexes a type shall have, and what is to be done for it in the background. */
export type IndexesChange = {
  readonly indexes: readonly DeclaredIndex[]
  readonly startTasks: readonly TypeTask[]
  readonly endTasks: readonly TypeTask[]
}

/**
 * From the indexes there are to those wanted, in the order wanted: what is the same stays, anything
 * else is dropped and declared anew, under an id of its own.
 */
export function changeIndexes(
  current: readonly DeclaredIndex[],
  wanted: readonly WantedIndex[],
  newId: () => string,
): IndexesChange {
  const indexes = wanted.map((index): DeclaredIndex => {
    const same = current.find((each) => isSameIndex(each, index, { named: true }))
    if (same) return same
    const { name, method, fields } = index
    return { id: newId(), name, method, fields: [...fields], status: 'building' }
  })
  const added = indexes.filter((index) => !current.includes(index))
  const gone = current.filter((index) => !indexes.includes(index))
  return {
    indexes,
    startTasks: [...added.map(buildTask), ...gone.map(dropTask)],
    endTasks: gone.filter(({ status }) => status === 'building').map(buildTask),
  }
}

export function buildTask({ id }: Pick<DeclaredIndex, 'id'>): TypeTask {
  return `build:${id}`
}

export function dropTask({ id }: Pick<DeclaredIndex, 'id'>): TypeTask {
  return `drop:${id}`
}
