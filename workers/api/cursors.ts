import { z } from 'zod'
import { AppError } from '../../core/errors.ts'
import { isUuid } from '../../core/ids.ts'
import type { Json } from '../../core/json.ts'
import { textProblem } from '../../core/json-problems.ts'
import type { Position, Sort } from '../../core/log/list-query.ts'
import type { NeighborQuery } from '../../db/queries/entities.ts'
import type { TypeName } from '../../db/queries/types.ts'

/** Cursors are opaque to clients: base64url of JSON, with the sort they belong to. */
export function listCursor(sort: Sort, position: Position): string {
  return encode([sortName(sort), position.value, position.id])
}

const listParts = z.tuple([z.string(), z.unknown(), z.string().refine(isUuid)])

export function parseListCursor(cursor: string, sort: Sort): Position {
  const parsed = listParts.safeParse(decode(cursor))
  if (!parsed.success || parsed.data[0] !== sortName(sort)) throw badCursor()
  const [, value, id] = parsed.data
  if (!fitsSort(value, sort)) throw badCursor()
  return { value: value as Json, id }
}

/** A cursor that somebody made up must not reach the database as a value it cannot take. */
function fitsSort(value: unknown, sort: Sort): boolean {
  switch (sort.by) {
    case 'property':
      return typeof value === 'string' && /^([0-9a-f]{2}){1,250}$/.test(value)
    case 'rank':
    case 'distance':
      return typeof value === 'number' && value >= 0
    case 'version':
      return Number.isSafeInteger(value)
    case 'id':
      return typeof value === 'string' && isUuid(value)
    case 'name':
      return typeof value === 'string' && textProblem(value, '').length === 0
    default:
      return typeof value === 'string' && isTime(value)
  }
}

/** Times as lists show them. */
function isTime(text: string): boolean {
  const time = new Date(text)
  return /^[12]/.test(text) && !Number.isNaN(time.getTime()) && time.toISOString() === text
}

export function neighborCursor(position: NonNullable<NeighborQuery['after']>): string {
  return encode([position.type, position.seq])
}

const neighborParts = z.tuple([
  z.string().refine((type) => textProblem(type, '').length === 0),
  z.int().nonnegative(),
])

export function parseNeighborCursor(cursor: string): NonNullable<NeighborQuery['after']> {
  const parsed = neighborParts.safeParse(decode(cursor))
  if (!parsed.success) throw badCursor()
  const [type, seq] = parsed.data
  return { type, seq }
}

export function typeCursor({ kind, name }: TypeName): string {
  return encode([kind, name])
}

const typeParts = z.tuple([
  z.enum(['entity', 'relationship']),
  z.string().refine((name) => textProblem(name, '').length === 0),
])

export function parseTypeCursor(cursor: string): TypeName {
  const parsed = typeParts.safeParse(decode(cursor))
  if (!parsed.success) throw badCursor()
  const [kind, name] = parsed.data
  return { kind, name }
}

export type TimePosition = { readonly at: string; readonly id: string }

/** Of lists that show the newest first. */
export function timeCursor({ at, id }: TimePosition): string {
  return encode([at, id])
}

const timeParts = z.tuple([
  z.string().refine(isTime),
  z.string().refine((id) => textProblem(id, '').length === 0),
])

export function parseTimeCursor(cursor: string): TimePosition {
  const parsed = timeParts.safeParse(decode(cursor))
  if (!parsed.success) throw badCursor()
  const [at, id] = parsed.data
  return { at, id }
}

export function sortName(sort: Sort): string {
  const key = sort.by === 'property' ? `properties.${sort.path.join('.')}` : sort.by
  return sort.descending ? `-${key}` : key
}

function encode(value: unknown): string {
  let characters = ''
  for (const byte of new TextEncoder().encode(JSON.stringify(value))) {
    characters += String.fromCharCode(byte)
  }
  return btoa(characters).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}

function decode(cursor: string): unknown {
  try {
    const text = atob(cursor.replaceAll('-', '+').replaceAll('_', '/'))
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(text, (c) => c.charCodeAt(0))))
  } catch {
    // Whatever is not base64url or not JSON.
    throw badCursor()
  }
}

function badCursor(): AppError {
  return new AppError('malformed_request', 'cursor: not one that this list gave')
}
