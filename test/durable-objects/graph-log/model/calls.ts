import { footprint } from '../../../../core/log/footprint.ts'
import type { Footprint } from '../../../../core/log/grouping.ts'
import type { EntityOp, GraphRequest, RelationshipOp } from '../../../../core/log/requests.ts'

const VERBS = {
  ...{ create: '+', upsert: '=', delete: '-', relate: '>', touch: '~', break: '!' },
} as const

/**
 * What a request of the model does: it writes, deletes or points at the entity with the external id
 * `name`, or touches the relationship that the request `name` made. What breaks is always rejected.
 */
export type Change = { readonly does: keyof typeof VERBS; readonly name: string }

/** One call of the object; calls with the same commit id are repeats of each other. */
export type Call = {
  readonly ticket: number
  readonly request: GraphRequest
  readonly change: Change
  readonly footprint: Footprint
}

/** Calls from their texts: `A+x` creates x under commit id A, and so on as in `VERBS`. */
export function calls(...texts: readonly string[]): readonly Call[] {
  return texts.map((text, ticket) => {
    const change = parseChange(text)
    const request = requestOf(text.charAt(0), change)
    return deepFreeze({ ticket, request, change, footprint: footprint(request) })
  })
}

/** The same calls as grouping would see them if it looked at nothing but commit ids (no C4). */
export function withoutFootprints(all: readonly Call[]): readonly Call[] {
  const nothing = { writes: new Set<string>(), reads: new Set<string>(), alone: false }
  return all.map((call) => ({ ...call, footprint: { ...call.footprint, ...nothing } }))
}

function parseChange(text: string): Change {
  const verbs = ['create', 'upsert', 'delete', 'relate', 'touch', 'break'] as const
  const does = verbs.find((verb) => VERBS[verb] === text.charAt(1))
  if (!does) throw new TypeError(`a call is written like A+x, got ${text}`)
  return { does, name: text.charAt(2) }
}

function requestOf(commitId: string, { does, name }: Change): GraphRequest {
  const common = {
    commitId,
    fingerprint: '',
    atomic: true,
    schemaSeq: 0,
    actor: 'a',
    requestId: '',
  }
  const content = { name: null, location: null, properties: {} }
  const made = { op: 0, id: `id-of-${commitId}`, externalId: name, type: 'T', content }
  const end = { externalId: name }
  const entities: Partial<Record<Change['does'], EntityOp>> = {
    create: { ...made, action: 'create' },
    upsert: { ...made, action: 'upsert' },
    break: { ...made, action: 'upsert' },
    delete: { op: 0, id: null, externalId: name, action: 'delete', expectedVersion: null },
  }
  const touched = { op: 0, id: `id-of-${name}`, externalId: null, content }
  const relationships: Partial<Record<Change['does'], RelationshipOp>> = {
    relate: { ...made, externalId: null, action: 'create', from: end, to: end },
    touch: { ...touched, action: 'update', expectedVersion: 1 },
  }
  return {
    ...common,
    entities: [entities[does] ?? []].flat(),
    relationships: [relationships[does] ?? []].flat(),
    types: [],
  }
}

/** The search copies writers without their submissions: nothing may change those in place. */
function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const child of Object.values(value)) deepFreeze(child)
  }
  return value
}
