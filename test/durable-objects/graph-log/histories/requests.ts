import type { Content, Kind } from '../../../../core/log/commands.ts'
import type {
  EndRef,
  EntityOp,
  GraphRequest,
  RelationshipOp,
  TypeOp,
} from '../../../../core/log/requests.ts'
import type { Beliefs, Believed } from './beliefs.ts'
import type { Random } from './random.ts'

// Few names, so that 32 writers are in each other's way all the time.
const ENTITY_NAMES = 24
const RELATIONSHIP_NAMES = 16
const MOST_OPERATIONS = 6

/** A request of any kind that a client may send, about records that others write as well. */
export function newRequest(random: Random, beliefs: Beliefs): GraphRequest {
  const commitId = random.uuid()
  const base = {
    commitId,
    fingerprint: `print of ${commitId}`,
    atomic: !random.chance(0.25),
    schemaSeq: beliefs.schemaSeq,
    actor: `writer:${random.below(32)}`,
    requestId: `${commitId} 1`,
  }
  if (random.chance(0.02)) {
    return { ...base, entities: [], relationships: [], types: [newTypeOp(random)] }
  }
  const draft = new Draft(random, beliefs)
  const count = random.chance(0.65) ? 1 : 2 + random.below(MOST_OPERATIONS - 1)
  for (let op = 0; op < count; op += 1) draft.add(op)
  return { ...base, entities: draft.entities, relationships: draft.relationships, types: [] }
}

/** The call again, as a client or the platform repeats it: the worker may have minted other ids. */
export function repeatOf(request: GraphRequest, random: Random, call: number): GraphRequest {
  const requestId = `${request.commitId} ${call}`
  if (random.chance(0.7)) return { ...request, requestId }
  const mint = <Op extends EntityOp | RelationshipOp>(op: Op): Op =>
    op.action === 'create' || op.action === 'upsert' ? { ...op, id: random.uuid() } : op
  return {
    ...request,
    requestId,
    entities: request.entities.map(mint),
    relationships: request.relationships.map(mint),
  }
}

function newTypeOp(random: Random): TypeOp {
  const kind: Kind = random.pick(['entity', 'relationship'])
  const names = { entity: ['person', 'place'], relationship: ['knows', 'owns'] }[kind]
  const name = random.pick([...names, `t${random.below(3)}`])
  const base = { op: 0, kind, name, onlyIfUnused: random.chance(0.4) }
  if (random.chance(0.3)) {
    return { ...base, event: 'type.removed', after: null, startTasks: [], endTasks: ['check'] }
  }
  const json_schema = { title: `${name} ${random.below(3)}` }
  const change = { status: 'checking', json_schema: {} } as const
  const after = { json_schema, change, indexes: [] }
  return { ...base, event: 'type.changing', after, startTasks: ['check'], endTasks: [] }
}

/** The operations of one request: no two of them on one record, as far as anybody knows (C4). */
class Draft {
  readonly entities: EntityOp[] = []
  readonly relationships: RelationshipOp[] = []
  readonly #random: Random
  readonly #beliefs: Beliefs
  readonly #used = new Set<string>()

  constructor(random: Random, beliefs: Beliefs) {
    this.#random = random
    this.#beliefs = beliefs
  }

  add(op: number): void {
    const random = this.#random
    const action = random.pick(ACTIONS)
    if (random.chance(0.6) || this.#beliefs.of('entity').length < 2) {
      const entity = this.#write(op, 'entity', action)
      if (entity) this.entities.push(entity)
    } else {
      const relationship = this.#write(op, 'relationship', action)
      if (!relationship) return
      this.relationships.push(
        'type' in relationship ? { ...relationship, ...this.#ends(relationship) } : relationship,
      )
    }
  }

  #write(op: number, kind: Kind, action: EntityOp['action']): EntityOp | null {
    const random = this.#random
    if (action === 'create' || action === 'upsert') {
      const number = random.below(kind === 'entity' ? ENTITY_NAMES : RELATIONSHIP_NAMES)
      const isNamed = random.chance(action === 'create' ? 0.25 : 0.9)
      const target = random.chance(0.06) ? this.#believed(kind) : undefined
      const id = target?.id ?? random.uuid()
      const externalId = isNamed ? `${kind} ${number}` : null
      const type = typeOf(kind, random.chance(0.1) ? number + 1 : number)
      const content = newContent(random, kind)
      return this.#claim(kind, id, externalId)
        ? { op, action, id, externalId, type, content }
        : null
    }
    const target = random.chance(0.04) ? undefined : this.#believed(kind)
    const names = target ? this.#names(target) : { id: random.uuid(), externalId: null }
    if (!this.#claim(kind, target?.id ?? names.id, target?.externalId ?? null)) return null
    const version = random.chance(0.15) ? 1 + random.below(50) : (target?.version ?? 1)
    if (action === 'delete') {
      return { op, action, ...names, expectedVersion: random.chance(0.5) ? version : null }
    }
    return { op, action, ...names, expectedVersion: version, content: newContent(random, kind) }
  }

  #believed(kind: Kind): Believed | undefined {
    const believed = this.#beliefs.of(kind)
    return believed.length > 0 ? this.#random.pick(believed) : undefined
  }

  #names({ id, externalId }: Believed): { id: string | null; externalId: string | null } {
    if (externalId === null || this.#random.chance(0.4)) return { id, externalId: null }
    return this.#random.chance(0.5) ? { id, externalId } : { id: null, externalId }
  }

  /** Whether no other operation of this request has the record by any of its names. */
  #claim(kind: Kind, id: string | null, externalId: string | null): boolean {
    const namesakes = this.#beliefs.of(kind).filter((each) => each.externalId === externalId)
    const names = [
      ...(id === null ? [] : [id]),
      ...(externalId === null ? [] : [externalId, ...namesakes.map((each) => each.id)]),
    ].map((name) => `${kind} ${name}`)
    if (names.some((name) => this.#used.has(name))) return false
    for (const name of names) this.#used.add(name)
    return true
  }

  /** A named relationship mostly has the ends it always has. */
  #ends({ externalId }: { readonly externalId: string | null }): { from: EndRef; to: EndRef } {
    if (externalId === null || this.#random.chance(0.1)) {
      return { from: this.#end(), to: this.#end() }
    }
    const number = Number(externalId.split(' ')[1])
    const nameOf = (end: number) => ({ externalId: `entity ${end % ENTITY_NAMES}` })
    return { from: nameOf(number), to: nameOf(number * 5) }
  }

  #end(): EndRef {
    const random = this.#random
    const written = this.entities.filter((op) => op.action === 'create' || op.action === 'upsert')
    if (written.length > 0 && random.chance(0.6)) return { op: random.pick(written).op }
    const deleted = this.entities.filter((op) => op.action === 'delete')
    const gone = deleted.length > 0 && random.chance(0.3) ? random.pick(deleted).id : null
    if (gone !== null) return { id: gone }
    if (random.chance(0.04)) return { id: random.uuid() }
    if (random.chance(0.3)) return { externalId: `entity ${random.below(ENTITY_NAMES)}` }
    return { id: random.pick(this.#beliefs.of('entity')).id }
  }
}

const ACTIONS = [
  ...['create', 'create', 'create', 'upsert', 'upsert', 'upsert', 'upsert'],
  ...['update', 'update', 'update', 'delete', 'delete'],
] as readonly EntityOp['action'][]

function typeOf(kind: Kind, number: number): string {
  const types = kind === 'entity' ? ['person', 'place'] : ['knows', 'owns']
  return types[number % types.length] ?? ''
}

/** Few values, so that a write often changes nothing. */
function newContent(random: Random, kind: Kind): Content {
  const properties = random.chance(0.5) ? { n: random.below(3) } : { deep: { list: [null, 'é"'] } }
  if (kind === 'relationship') return { name: null, location: null, properties }
  const name = random.pick(['Ada', 'GRACE', ''])
  const location = random.chance(0.3) ? { lat: random.below(2), lon: 10.5 } : null
  return { name: name || null, location, properties }
}
