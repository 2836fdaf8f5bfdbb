import { isDeepStrictEqual } from 'node:util'
import { Validator } from '@cfworker/json-schema'
import type { Change } from '../../../harness/api.ts'

type TypeImage = {
  readonly kind: string
  readonly json_schema: object
  readonly change: { readonly status: string; readonly json_schema: object } | null
}

type Properties = Readonly<Record<string, unknown>>

/** Every seq at which a record was not as the types in force then wanted it, read off the log alone. */
export function typeProblems(log: readonly Change[]): string[] {
  const types = new Map<string, TypeImage>()
  const records = new Map<string, { readonly type: string; readonly properties: Properties }>()
  return log.flatMap((change): string[] => {
    const { seq, kind } = change
    if (kind.startsWith('type.')) {
      const { before, after } = change as unknown as { before: TypeImage; after: TypeImage | null }
      const key = `${(after ?? before).kind} ${change.type}`
      const former = types.get(key) ?? null
      if (after) types.set(key, after)
      else types.delete(key)
      const bad = [...records].filter(
        ([, { type, properties }]) => type === key && !satisfies(properties, after?.json_schema),
      )
      return [
        ...(isDeepStrictEqual(before, former) ? [] : [`${seq} (${kind}) has another type before`]),
        ...bad.map(([id]) => `after ${seq} (${kind}) ${id} is not as its type wants it`),
      ]
    }
    const id = String(change.id)
    if (change.after === null) {
      records.delete(id)
      return []
    }
    const type = `${kind.split('.')[0]} ${change.type}`
    const properties = change.after.properties as Properties
    records.set(id, { type, properties })
    const { json_schema, change: next } = types.get(type) ?? { json_schema: {}, change: null }
    const bound = next?.status === 'checking' ? [json_schema, next.json_schema] : [json_schema]
    return bound.every((schema) => satisfies(properties, schema))
      ? []
      : [`${seq} (${kind}) writes ${JSON.stringify(properties)} against ${JSON.stringify(bound)}`]
  })
}

function satisfies(properties: Properties, schema: object | undefined): boolean {
  if (schema === undefined) return true
  return new Validator(structuredClone(schema), '2020-12').validate(properties).valid
}
