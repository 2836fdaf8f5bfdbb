import type { Json, JsonObject } from '../json.ts'

/** Keywords that mean something only together. */
const CLUSTERS = [
  ['properties', 'patternProperties', 'additionalProperties'],
  ['prefixItems', 'items', 'additionalItems'],
  ['contains', 'minContains', 'maxContains'],
  ['if', 'then', 'else'],
] as const

/** Keywords that no value can fail. */
const ANNOTATIONS = new Set([
  ...['title', 'description', 'default', 'examples', 'deprecated', 'readOnly', 'writeOnly'],
  ...['$comment', '$schema', '$defs', 'definitions', '$vocabulary', 'contentEncoding'],
  ...['contentMediaType', 'contentSchema', '$id', 'id', '$anchor'],
])

/**
 * A schema as schemas that a value has to satisfy one and all, each of one keyword or of those that
 * act together. Not for schemas with `unevaluatedProperties` or `unevaluatedItems`.
 */
export function requirementsOf(schema: JsonObject): JsonObject[] {
  const requirements = new Map<string, [string, Json][]>()
  for (const [keyword, value] of Object.entries(schema)) {
    if (ANNOTATIONS.has(keyword)) continue
    const cluster = CLUSTERS.find((each) => each.some((member) => member === keyword))
    const name = cluster?.[0] ?? keyword
    requirements.set(name, [...(requirements.get(name) ?? []), [keyword, value]])
  }
  return [...requirements.values()].map((entries) => Object.fromEntries(entries))
}
