import { type FieldError, invalid } from '../../errors.ts'
import type { Kind } from '../../log/commands.ts'
import type { CellType } from './cell-types.ts'
import type { Delimiter } from './cells.ts'
import { guessFields, looksLikeRelationships } from './guesses.ts'
import type { ColumnProfile, CsvProfile } from './profile.ts'
import {
  FIELDS,
  type Field,
  type NamedTarget,
  nameOfTarget,
  parseTarget,
  type Target,
  withoutType,
} from './targets.ts'

export type CsvOptions = {
  /** Default: relationships where columns name two ends, else entities. */
  readonly kind: Kind | null
  /** Type of the rows whose type column is empty or missing. */
  readonly type: string | null
  /** By column: `external_id`, `properties.city:string`, … or `-` to leave it out. */
  readonly map: ReadonlyMap<string, string>
  /** Columns that are no field and not mapped: left out, or (default) properties of their name. */
  readonly unmapped: 'ignore' | 'properties'
  /** `false`: a column without a stated type is text. Default `true`: its cells tell. */
  readonly infer: boolean
}

export type PlannedColumn = {
  readonly header: string
  readonly target: Target
  readonly cellType: CellType
  /** `named` by the header, `mapped` by the caller, `guessed` from a common name, or `unmapped`. */
  readonly how: 'named' | 'mapped' | 'guessed' | 'unmapped'
  /** Whether the type was told from the cells. */
  readonly isInferred: boolean
  readonly example: string | null
  readonly emptyCells: number
}

/** How the cells of a CSV file become rows. */
export type CsvPlan = {
  readonly kind: Kind
  readonly type: string | null
  readonly delimiter: Delimiter
  readonly rows: number
  readonly columns: readonly PlannedColumn[]
}

type Choice = NamedTarget & { readonly how: PlannedColumn['how'] }

/** Decides what each column is. Throws naming `map`, `kind` or `type` where that cannot be told. */
export function planCsv(profile: CsvProfile, options: CsvOptions): CsvPlan {
  const { delimiter, rows } = profile
  const errors: FieldError[] = []
  const mapped = mappedColumns(profile.columns, options, errors)
  const kind = options.kind ?? kindOf(profile.columns, mapped)
  const choices = chooseAll(kind, profile.columns, mapped, options)
  const columns = profile.columns.map((column) =>
    planned(column, choices.get(column) ?? unmapped(column, options), options),
  )
  const plan = { kind, type: options.type, delimiter, rows, columns }
  errors.push(...planErrors(plan))
  if (errors.length > 0) throw invalid(errors)
  return plan
}

function mappedColumns(
  columns: readonly ColumnProfile[],
  { map }: CsvOptions,
  errors: FieldError[],
): Map<ColumnProfile, Choice> {
  const choices = new Map<ColumnProfile, Choice>()
  for (const [header, name] of map) {
    const column = columns.find((each) => each.header === header)
    const named: NamedTarget | null =
      name === '-' ? { target: { to: 'nothing' }, cellType: null } : parseTarget(name)
    if (!column) {
      errors.push({ pointer: 'map', message: `there is no column ${JSON.stringify(header)}` })
    } else if (!named) {
      const message = `${JSON.stringify(name)} is neither a field nor properties.<key> nor -`
      errors.push({ pointer: 'map', message })
    } else {
      const cellType = named.cellType ?? withoutType(header).cellType
      choices.set(column, { target: named.target, cellType, how: 'mapped' })
    }
  }
  return choices
}

function kindOf(
  columns: readonly ColumnProfile[],
  mapped: ReadonlyMap<ColumnProfile, Choice>,
): Kind {
  const targets = [...mapped.values(), ...columns.map(({ header }) => parseTarget(header))]
  const isEnd = (named: NamedTarget | null) =>
    named?.target.to === 'field' && /^(from|to)_/.test(named.target.field)
  if (targets.some(isEnd)) return 'relationship'
  const others = columns.filter((column) => !mapped.has(column))
  return looksLikeRelationships(others) ? 'relationship' : 'entity'
}

function chooseAll(
  kind: Kind,
  columns: readonly ColumnProfile[],
  mapped: ReadonlyMap<ColumnProfile, Choice>,
  options: CsvOptions,
): Map<ColumnProfile, Choice> {
  const choices = new Map(mapped)
  const hasExternalId = columns.some(({ header }) => header === 'external_id')
  for (const column of columns) {
    if (choices.has(column)) continue
    const named = parseTarget(column.header)
    if (!named || !fits(kind, named.target)) continue
    // Most files call the id that their own system gave "id".
    const isOwnId = hasExternalId || (column.onlyUuids && column.example !== null)
    if (column.header !== 'id' || isOwnId) choices.set(column, { ...named, how: 'named' })
  }
  if (options.unmapped === 'ignore' && mapped.size > 0) return choices
  const taken = new Set([...choices.values()].flatMap(({ target }) => fieldOf(target) ?? []))
  const rest = columns.filter((column) => !choices.has(column))
  const guesses = guessFields(kind, rest, taken)
  for (const [column, field] of guesses) {
    if (isCoordinate(field) && !isLocation(guesses, choices)) continue
    const target: Target = { to: 'field', field }
    choices.set(column, { target, cellType: null, how: 'guessed' })
  }
  return choices
}

function fits(kind: Kind, target: Target): boolean {
  return target.to !== 'field' || FIELDS[kind].includes(target.field)
}

function fieldOf(target: Target): Field | null {
  return target.to === 'field' ? target.field : null
}

function isCoordinate(field: Field): boolean {
  return field === 'lat' || field === 'lon'
}

/** Half a location, or one that is no number, is a property like any other. */
function isLocation(
  guesses: ReadonlyMap<ColumnProfile, Field>,
  choices: ReadonlyMap<ColumnProfile, Choice>,
): boolean {
  const columns = [...guesses].filter(([, field]) => isCoordinate(field))
  const named = [...choices.values()].flatMap(({ target }) => fieldOf(target) ?? [])
  const fields = new Set([...columns.map(([, field]) => field), ...named.filter(isCoordinate)])
  const areNumbers = columns.every(
    ([{ guess, example }]) => guess.type(example !== null) === 'number',
  )
  return fields.size === 2 && areNumbers
}

function unmapped({ header }: ColumnProfile, options: CsvOptions): Choice {
  const { base, cellType } = withoutType(header)
  // A column without a name is the row's number in the tool that wrote it.
  const isLeftOut = options.unmapped === 'ignore' || base === ''
  const target: Target = isLeftOut ? { to: 'nothing' } : { to: 'property', key: base }
  return { target, cellType, how: 'unmapped' }
}

function planned(
  { header, guess, example, emptyCells }: ColumnProfile,
  { target, cellType, how }: Choice,
  options: CsvOptions,
): PlannedColumn {
  const isInferred = target.to === 'property' && cellType === null && options.infer
  const inferred = isInferred ? guess.type(example !== null) : 'string'
  const field = fieldOf(target)
  const fixed = field && (isCoordinate(field) ? 'number' : 'string')
  return {
    ...{ header, target, how, isInferred, example, emptyCells },
    cellType: fixed ?? cellType ?? inferred,
  }
}

function planErrors({ kind, type, columns }: CsvPlan): FieldError[] {
  const errors: FieldError[] = []
  const complain = (pointer: string, message: string) => errors.push({ pointer, message })
  const targets = columns.filter(({ target }) => target.to !== 'nothing')
  const names = targets.map(({ target }) => nameOfTarget(target))
  for (const name of new Set(names.filter((each, i) => names.indexOf(each) !== i))) {
    complain('map', `several columns are ${name}`)
  }
  for (const { header, target } of columns) {
    if (!fits(kind, target)) {
      complain('map', `${JSON.stringify(header)}: no ${kind} has a ${nameOfTarget(target)}`)
    }
  }
  const has = (...fields: Field[]) => fields.some((field) => names.includes(field))
  if (type === null && !has('type'))
    complain('type', 'no column is the type: name one type for all')
  if (kind === 'entity' && !has('id', 'external_id')) {
    complain('map', 'no column is the external_id, by which a repeat finds the same entity')
  }
  for (const end of kind === 'relationship' ? (['from', 'to'] as const) : []) {
    if (!has(`${end}_id`, `${end}_external_id`)) complain('map', `no column is ${end}_external_id`)
  }
  return errors
}

/** Whether anything of the plan is more than what headers and caller have said. */
export function isGuessed({ columns }: CsvPlan): boolean {
  return columns.some(
    ({ how, isInferred }) => isInferred || how === 'guessed' || how === 'unmapped',
  )
}
