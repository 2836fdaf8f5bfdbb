import { footprint } from '../../../../core/log/footprint.ts'
import type { Footprint } from '../../../../core/log/grouping.ts'
import type { EntityOp, GraphRequest, RelationshipOp } from '../../../../core/log/requests.ts'

const VERBS = { create: '+', upsert: '=', delete: '-', relate: '>' } as const

/** What a request of the model does: it writes, deletes or points at one entity. */
export type Change = { readonly does: keyof typeof VERBS; readonly entity: string }

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
  const verbs = ['create', 'upsert', 'delete', 'relate'] as const
  const does = verbs.find((verb) => VERBS[verb] === text.charAt(1))
  if (!does) throw new TypeError(`a call is written like A+x, got ${text}`)
  return { does, entity: text.charAt(2) }
}

function requestOf(commitId: string, { does, entity }: Change): GraphRequest {
  const content = { name: null, location: null, properties: {} }
  const id = `id-of-${commitId}`
  const written = { op: 0, id, externalId: entity, type: 'T', content }
  const entityOps: Record<Change['does'], readonly EntityOp[]> = {
    create: [{ ...written, action: 'create' }],
    upsert: [{ ...written, action: 'upsert' }],
    delete: [{ op: 0, id: null, externalId: entity, action: 'delete', expectedVersion: null }],
    relate: [],
  }
  const end = { externalId: entity }
  const relationship: RelationshipOp = {
    ...{ op: 0, id, externalId: null, action: 'create', type: 'R', from: end, to: end, content },
  }
  return {
    ...{ commitId, fingerprint: '', atomic: true, schemaSeq: 0, actor: 'a', requestId: 'r' },
    entities: entityOps[does],
    relationships: does === 'relate' ? [relationship] : [],
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
