import type { Exported } from '../../../core/formats/exported.ts'
import type { ReadRow } from '../../../core/formats/rows.ts'

/** The record that a read row stands for, with the nulls that an export writes. */
export function recordOf(row: ReadRow): Exported {
  if ('error' in row) throw new Error(`line ${row.line}: ${row.error.message}`)
  const value = row.value as Exported
  const absent = value.kind === 'entity' ? { name: null, location: null } : {}
  return Object.assign({ external_id: null, ...absent }, value)
}
