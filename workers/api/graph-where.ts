import { z } from '@hono/zod-openapi'
import { type FieldError, invalid, isAppError } from '../../core/errors.ts'
import type { Json, JsonObject } from '../../core/json.ts'
import { escapedKey } from '../../core/json-problems.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import { parseListQuery } from './list-params.ts'

/** Parameters of lists that say which page, not which records. */
const OF_PAGES = ['sort', 'cursor', 'limit']
const MAX_CONDITIONS = 50

/** Which entities a search may enter, in the words of the filters of lists. */
export const where = z
  .custom<JsonObject>(
    (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
    'must be an object of the filters that lists take',
  )
  .openapi({
    type: 'object',
    additionalProperties: true,
    description:
      'Which entities may be entered, by the filters of lists of entities; those named in the ' +
      'request are entered anyway. Values are JSON: numbers are compared with numbers.',
    example: { type: 'airport', 'properties.state': 'CA', 'properties.elevation[gte]': 100 },
  })

/** `null` for a filter that lets everything pass. Throws `invalid`, which names each wrong condition. */
export function parseWhere(conditions: JsonObject | undefined): ListQuery | null {
  const entries = Object.entries(conditions ?? {})
  if (entries.length === 0) return null
  const errors = entries.flatMap(([name, value]) => problemsOf(name, value))
  if (entries.length > MAX_CONDITIONS) {
    errors.push({ pointer: '/where', message: `may have at most ${MAX_CONDITIONS} conditions` })
  }
  if (errors.length > 0) throw invalid(errors)
  const params = new URLSearchParams(entries.map(([name, value]) => [name, textOf(name, value)]))
  params.set('sort', 'id')
  try {
    return parseListQuery(params, 'entity')
  } catch (error) {
    if (!isAppError(error) || !error.detail.errors) throw error
    throw invalid(error.detail.errors.map(ofWhere))
  }
}

function problemsOf(name: string, value: Json): FieldError[] {
  const pointer = pointerTo(name)
  if (OF_PAGES.includes(name)) return [{ pointer, message: 'is not a filter' }]
  if (name.startsWith('properties.') && !name.endsWith('[contains]')) return []
  const isText = typeof value === 'string' || typeof value === 'number'
  return isText ? [] : [{ pointer, message: 'must be text' }]
}

/** As it stands in the query of a list: there text that looks like JSON is taken as that. */
function textOf(name: string, value: Json): string {
  const isJson = name.startsWith('properties.') && !name.endsWith('[contains]')
  return isJson ? JSON.stringify(value) : String(value)
}

function ofWhere({ pointer, message }: FieldError): FieldError {
  const said = message.replace('is not a parameter of this list', 'is not a filter')
  return { pointer: pointerTo(pointer), message: said }
}

function pointerTo(name: string): string {
  return `/where/${escapedKey(name)}`
}
