import type { Kind } from '../../log/commands.ts'
import { type CellType, cellTypeNamed } from './cell-types.ts'

const COMMON = ['id', 'external_id', 'type'] as const
const ENTITY = [...COMMON, 'name', 'lat', 'lon'] as const
const RELATIONSHIP = [
  ...COMMON,
  ...(['from_id', 'to_id', 'from_external_id', 'to_external_id'] as const),
] as const

/** A field of a record that a column can hold. */
export type Field = (typeof ENTITY)[number] | (typeof RELATIONSHIP)[number]

export const FIELDS: Readonly<Record<Kind, readonly Field[]>> = {
  entity: ENTITY,
  relationship: RELATIONSHIP,
}

/** What a column's cells become. */
export type Target =
  | { readonly to: 'field'; readonly field: Field }
  | { readonly to: 'property'; readonly key: string }
  /** An object of further properties. */
  | { readonly to: 'properties' }
  | { readonly to: 'nothing' }

export type NamedTarget = {
  readonly target: Target
  /** The type that the name states; `null`: it states none. */
  readonly cellType: CellType | null
}

/** Columns of what an export says of a record beside its content; an import passes over them. */
export const METADATA_COLUMNS = [
  'metadata.version',
  'metadata.created_at',
  'metadata.updated_at',
] as const
const PROPERTY = 'properties.'

/** Reads `external_id`, `properties.runways:number`, `properties`; `null`: no such target. */
export function parseTarget(name: string): NamedTarget | null {
  const { base, cellType } = withoutType(name)
  if (METADATA_COLUMNS.some((each) => each === name))
    return { target: { to: 'nothing' }, cellType: null }
  if (base.startsWith(PROPERTY)) {
    return { target: { to: 'property', key: base.slice(PROPERTY.length) }, cellType }
  }
  if (base === 'properties') return { target: { to: 'properties' }, cellType: 'json' }
  const field = [...ENTITY, ...RELATIONSHIP].find((each) => each === base)
  return field ? { target: { to: 'field', field }, cellType } : null
}

/** A name without the type after its last colon. */
export function withoutType(name: string): { base: string; cellType: CellType | null } {
  const colon = name.lastIndexOf(':')
  const cellType = colon < 0 ? null : cellTypeNamed(name.slice(colon + 1))
  return cellType ? { base: name.slice(0, colon), cellType } : { base: name, cellType }
}

/** The name that `parseTarget` reads; `-` for nothing. */
export function nameOfTarget(target: Target): string {
  switch (target.to) {
    case 'field':
      return target.field
    case 'property':
      return `${PROPERTY}${target.key}`
    case 'properties':
      return 'properties'
    case 'nothing':
      return '-'
  }
}
