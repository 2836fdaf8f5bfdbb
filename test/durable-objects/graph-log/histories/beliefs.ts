import type { Kind } from '../../../../core/log/commands.ts'
import type { EntityOp, GraphRequest, RelationshipOp } from '../../../../core/log/requests.ts'
import type { Told } from './attempts.ts'

/** A record as some writer was last told of it; it may have changed or gone since. */
export type Believed = {
  readonly kind: Kind
  readonly id: string
  readonly externalId: string | null
  readonly type: string
  version: number
}

/** More records than this are forgotten from the oldest on, so that writers meet at the same ones. */
const MOST = 60

/** What all writers together were told of the graph. */
export class Beliefs {
  schemaSeq = 0
  #records: Believed[] = []

  of(kind: Kind): readonly Believed[] {
    return this.#records.filter((record) => record.kind === kind)
  }

  learn(request: GraphRequest, told: Told): void {
    if (told.status === 'schema_moved') this.schemaSeq = Math.max(this.schemaSeq, told.schemaSeq)
    if (told.status !== 'committed') return
    for (const result of told.results) {
      if ('refused' in result) {
        if (result.version !== undefined) this.#correct(request, result.op, result.version)
      } else if (request.types.length > 0) {
        this.schemaSeq = Math.max(this.schemaSeq, result.version)
      } else if (result.outcome !== 'deleted') {
        this.#remember(request, result.op, result.id, result.version)
      } else if (this.#records.length > 20) {
        this.#records = this.#records.filter(({ id }) => id !== result.id)
      }
    }
  }

  #remember(request: GraphRequest, number: number, id: string, version: number): void {
    const known = this.#records.find((record) => record.id === id)
    if (known) known.version = Math.max(known.version, version)
    const found = find(request, number)
    if (known || !found || !('type' in found.op)) return
    const { externalId, type } = found.op
    this.#records.push({ kind: found.kind, id, externalId, type, version })
    if (this.#records.length > MOST) this.#records.shift()
  }

  #correct(request: GraphRequest, number: number, version: number): void {
    const id = find(request, number)?.op.id
    const known = this.#records.find((record) => record.id === id)
    if (known) known.version = Math.max(known.version, version)
  }
}

function find(
  { entities, relationships }: GraphRequest,
  number: number,
): { readonly kind: Kind; readonly op: EntityOp | RelationshipOp } | undefined {
  const entity = entities.find(({ op }) => op === number)
  if (entity) return { kind: 'entity', op: entity }
  const relationship = relationships.find(({ op }) => op === number)
  return relationship && { kind: 'relationship', op: relationship }
}
