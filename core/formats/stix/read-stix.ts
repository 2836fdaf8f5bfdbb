import type { z } from 'zod'
import { AppError, invalid } from '../../errors.ts'
import type { Json, JsonObject } from '../../json.ts'
import { escapedKey, parseJsonExactly } from '../../json-problems.ts'
import { derivedId } from '../derived-ids.ts'
import type { Chunks, ReadRow } from '../rows.ts'
import { type BundleObject, bundleObjects } from './bundle-objects.ts'
import { isStixId, stixObject, stixRelationship } from './objects.ts'

/**
 * A STIX 2.1 bundle: objects as entities of their type, `relationship` objects as relationships, and
 * what objects refer to by `*_ref` and `*_refs` as relationships of that name. Ids are made from those
 * of STIX (UUID version 5), so that reading a bundle again finds the same records.
 */
export async function* readStix(chunks: Chunks): AsyncGenerator<ReadRow> {
  for await (const object of bundleObjects(chunks)) yield* readObject(object)
}

function* readObject({ line, index, json }: BundleObject): Generator<ReadRow> {
  const place = `objects/${index}`
  const refused = (error: AppError): ReadRow => {
    const message = `${place}: ${error.message}`
    return { line, error: new AppError(error.code, message, error.detail) }
  }
  let parsed: ReturnType<typeof parseJsonExactly>
  try {
    parsed = parseJsonExactly(json)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    yield refused(new AppError('malformed_request', `not JSON: ${error.message}`))
    return
  }
  const { value, problems } = parsed
  if (problems.length > 0) return yield refused(invalid(problems))
  const object = value as JsonObject
  const isRelationship = object.type === 'relationship'
  const checked = (isRelationship ? stixRelationship : stixObject).safeParse(object)
  if (!checked.success) return yield refused(invalid(fieldsOf(checked.error)))
  const label = (what = '') => `${place} ${checked.data.id}${what}`
  if (isRelationship) {
    yield { line, value: relationshipRow(object), label: label() }
    return
  }
  const { row, refs } = entityRow(object)
  yield { line, value: row, label: label() }
  for (const { key, ...ref } of refs) yield { line, value: ref, label: label(` ${key}`) }
}

function fieldsOf({ issues }: z.ZodError) {
  return issues.map(({ path, message }) => ({
    pointer: path.map((part) => `/${escapedKey(String(part))}`).join(''),
    message,
  }))
}

function relationshipRow(object: JsonObject): JsonObject {
  const { id, relationship_type, source_ref, target_ref } = object
  return {
    kind: 'relationship',
    id: derivedId('stix', String(id)),
    external_id: String(id),
    type: String(relationship_type),
    from_external_id: String(source_ref),
    to_external_id: String(target_ref),
    properties: without(object, [
      ...['type', 'id', 'relationship_type', 'source_ref', 'target_ref'],
    ]),
  }
}

type Ref = JsonObject & { readonly key: string }

const MAX_NAME_CHARACTERS = 500

function entityRow(object: JsonObject): { row: JsonObject; refs: readonly Ref[] } {
  const id = String(object.id)
  const refs: Ref[] = []
  const properties: [string, Json][] = []
  const isNamed = isName(object.name)
  for (const [key, value] of Object.entries(object)) {
    if (key === 'type' || key === 'id' || (key === 'name' && isNamed)) continue
    const { targets, rest } = targetsOf(key, value)
    const type = key.replace(/_refs?$/, '')
    targets.forEach((target, index) => {
      const isList = Array.isArray(value)
      refs.push({
        key,
        kind: 'relationship',
        id: derivedId('stix', id, key, target),
        type,
        from_external_id: id,
        to_external_id: target,
        properties: isList ? { index } : {},
      })
    })
    if (rest !== null) properties.push([key, rest])
  }
  // What can be observed mostly has a value instead of a name: an address, a domain, a URL.
  const name = [object.name, object.value].find(isName)
  const row = {
    kind: 'entity',
    id: derivedId('stix', id),
    external_id: id,
    type: String(object.type),
    ...(name === undefined ? {} : { name }),
    properties: Object.fromEntries(properties),
  }
  return { row, refs }
}

function isName(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_NAME_CHARACTERS
}

/** A relationship cannot be the end of another: references to those stay properties. */
function targetsOf(key: string, value: Json): { targets: readonly string[]; rest: Json | null } {
  const isRef = /[^_]_ref$/.test(key) && isStixId(value)
  const isList = /[^_]_refs$/.test(key) && Array.isArray(value) && value.every(isStixId)
  if (!isRef && !isList) return { targets: [], rest: value }
  const all: readonly string[] = isList ? (value as readonly string[]) : [String(value)]
  const isEnd = (each: string) => !each.startsWith('relationship--')
  const others = all.filter((each) => !isEnd(each))
  const rest = isList ? others : (others[0] ?? null)
  return { targets: [...new Set(all.filter(isEnd))], rest: others.length > 0 ? rest : null }
}

function without(object: JsonObject, keys: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([key]) => !keys.includes(key)))
}
