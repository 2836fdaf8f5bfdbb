import type { Footprint } from './grouping.ts'
import type { EndRef, EntityOp, GraphRequest, RelationshipOp } from './requests.ts'

/**
 * The names a request writes and reads, as grouping compares them. Large requests go alone or nearly
 * so, and their names are thousands: they are collected when they are first asked for. `bytes` is the
 * size of the request's operations as JSON; default: measured here.
 */
export function footprint(request: GraphRequest, bytes: number = bytesOf(request)): Footprint {
  let names: Names | undefined
  const namesOf = () => {
    names ??= collectNames(request)
    return names
  }
  return {
    commitId: request.commitId,
    get writes() {
      return namesOf().writes
    },
    get reads() {
      return namesOf().reads
    },
    alone: isAlone(request),
    commands: request.entities.length + request.relationships.length + request.types.length,
    bytes,
  }
}

type Names = { readonly writes: Set<string>; readonly reads: Set<string> }

function collectNames(request: GraphRequest): Names {
  const writes = new Set<string>()
  const reads = new Set<string>()
  for (const op of request.entities) addTarget(writes, 'e', op)
  for (const op of request.relationships) {
    addTarget(writes, 'r', op)
    if (op.action === 'create' || op.action === 'upsert') {
      addEnd(reads, op.from)
      addEnd(reads, op.to)
    }
  }
  return { writes, reads }
}

function bytesOf({ entities, relationships, types }: GraphRequest): number {
  return JSON.stringify([entities, relationships, types]).length
}

function isAlone(request: GraphRequest): boolean {
  return (
    request.types.length > 0 ||
    request.purge !== undefined ||
    request.erase !== undefined ||
    request.entities.some((op) => op.action === 'delete') ||
    request.relationships.some((op) => op.action === 'delete')
  )
}

function addTarget(names: Set<string>, prefix: 'e' | 'r', op: EntityOp | RelationshipOp): void {
  if (op.id !== null) names.add(`${prefix}i:${op.id}`)
  if (op.externalId !== null) names.add(`${prefix}x:${op.externalId}`)
}

function addEnd(names: Set<string>, end: EndRef): void {
  if ('id' in end) names.add(`ei:${end.id}`)
  else if ('externalId' in end) names.add(`ex:${end.externalId}`)
}
