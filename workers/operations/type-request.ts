import type { Kind } from '../../core/log/commands.ts'
import type { GraphRequest, Origin } from '../../core/log/requests.ts'
import type { TypeStep } from '../../core/types/change-type.ts'
import type { CommitIdentity } from './commit-ids.ts'

type TypeChangeRequest = {
  readonly identity: CommitIdentity
  readonly origin: Origin
  readonly kind: Kind
  readonly name: string
  /** The schema that was read when `change` was decided (C5). */
  readonly schemaSeq: number
  readonly change: TypeStep
}

/** A change of one type, as the graph's log takes it. */
export function typeRequest(request: TypeChangeRequest): GraphRequest {
  const { identity, origin, kind, name, schemaSeq, change } = request
  return {
    ...identity,
    ...origin,
    atomic: true,
    schemaSeq,
    entities: [],
    relationships: [],
    types: [{ op: 0, kind, name, ...change }],
  }
}
