import { type FieldError, invalid } from '../../errors.ts'
import type { Json } from '../../json.ts'
import { escapedKey } from '../../json-problems.ts'
import { DerivedIds } from '../derived-ids.ts'
import { badRow, type Chunks, type ReadRow } from '../rows.ts'
import { readCell } from './cell-types.ts'
import { readRecords } from './cells.ts'
import type { CsvPlan } from './plan.ts'
import type { Field } from './targets.ts'

type Parts = {
  readonly fields: Map<Field, Json>
  readonly properties: Map<string, Json>
  readonly problems: FieldError[]
}

/** The rows of a CSV file. An empty cell says nothing: that field or property is absent. */
export async function* readCsv(chunks: Chunks, plan: CsvPlan): AsyncGenerator<ReadRow> {
  const ids = new DerivedIds()
  let isHeader = true
  for await (const { line, cells } of readRecords(chunks, plan.delimiter)) {
    if (isHeader) isHeader = false
    else if (cells.length !== plan.columns.length) {
      yield badRow(line, `has ${cells.length} cells; the header has ${plan.columns.length}`)
    } else {
      yield readRecord(line, cells, plan, ids)
    }
  }
}

function readRecord(
  line: number,
  cells: readonly string[],
  plan: CsvPlan,
  ids: DerivedIds,
): ReadRow {
  const parts: Parts = { fields: new Map(), properties: new Map(), problems: [] }
  plan.columns.forEach((_, i) => {
    addCell(parts, plan, i, cells[i] ?? '')
  })
  const { fields, properties, problems } = parts
  const [lat, lon] = [fields.get('lat'), fields.get('lon')]
  fields.delete('lat')
  fields.delete('lon')
  if ((lat === undefined) !== (lon === undefined)) {
    problems.push({ pointer: '/location', message: 'has only one of lat and lon' })
  }
  if (problems.length > 0) return { line, error: invalid(problems) }
  if (plan.type !== null && !fields.has('type')) fields.set('type', plan.type)
  if (plan.kind === 'relationship' && !fields.has('id') && !fields.has('external_id')) {
    fields.set('id', relationshipId(fields, ids))
  }
  const value = {
    kind: plan.kind,
    ...Object.fromEntries(fields),
    ...(lat === undefined ? {} : { location: { lat, lon } }),
    properties: Object.fromEntries(properties),
  }
  return { line, value }
}

function addCell(parts: Parts, { columns }: CsvPlan, index: number, text: string): void {
  const column = columns[index]
  if (!column || text === '' || column.target.to === 'nothing') return
  const { target, cellType } = column
  const cell = readCell(cellType, text)
  if ('problem' in cell) {
    parts.problems.push({ pointer: pointerOf(target), message: cell.problem })
  } else if (target.to === 'field') parts.fields.set(target.field, cell.value)
  else if (target.to === 'property') parts.properties.set(target.key, cell.value)
  else addProperties(parts, cell.value)
}

/** A column of its own says more than the one that holds the rest. */
function addProperties({ properties, problems }: Parts, value: Json): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push({ pointer: '/properties', message: 'must be a JSON object' })
    return
  }
  for (const [key, child] of Object.entries(value)) {
    if (!properties.has(key)) properties.set(key, child)
  }
}

function pointerOf(target: CsvPlan['columns'][number]['target']): string {
  if (target.to === 'field') return `/${target.field}`
  return target.to === 'property' ? `/properties/${escapedKey(target.key)}` : '/properties'
}

/** A relationship without a name of its own is known by what it joins. */
function relationshipId(fields: ReadonlyMap<Field, Json>, ids: DerivedIds): string {
  const text = (field: Field) => {
    const value = fields.get(field)
    return typeof value === 'string' ? value : null
  }
  return ids.next(
    'relationship',
    text('type'),
    ...[text('from_id'), text('from_external_id'), text('to_id'), text('to_external_id')],
  )
}
