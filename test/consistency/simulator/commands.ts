import type { Content } from '../../../core/log/commands.ts'
import type {
  EndRef,
  EntityOp,
  GraphRequest,
  RelationshipOp,
  TypeOp,
} from '../../../core/log/requests.ts'
import { FIRST_RELATIONSHIP, FIRST_TYPE, type State, type Universe } from './universe.ts'

type New = {
  readonly place: number
  readonly externalId: string | null
  readonly type: string
  readonly mark: number
  readonly color: number
}

/** What a client asks for, by places in the state. Commands of one request are on different records. */
export type Command = EntityCommand | RelationshipCommand | OtherCommand

export type EntityCommand =
  | (New & { readonly does: 'create' | 'upsert'; readonly on: 'entity' })
  | Change<'entity'>

export type RelationshipCommand =
  | (New & {
      readonly does: 'create' | 'upsert'
      readonly on: 'relationship'
      readonly from: number
      readonly to: number
    })
  | Change<'relationship'>

type Change<On> =
  | {
      readonly does: 'update'
      readonly on: On
      readonly place: number
      readonly externalId: string | null
      /** What the client saw there, and at which version. */
      readonly seen: number
      readonly version: number
      readonly mark: number
      readonly color: number
    }
  | {
      readonly does: 'delete'
      readonly on: On
      readonly place: number
      readonly seen: number | null
      readonly version: number | null
    }

type OtherCommand =
  | { readonly does: 'define'; readonly on: 'type'; readonly place: number }
  /** Not a request: the whole graph goes back to an earlier state. */
  | { readonly does: 'restore'; readonly on: 'graph'; readonly state: State }

const DEFINED = {
  event: 'type.defined',
  after: { json_schema: {}, change: null, indexes: [] },
  onlyIfUnused: true,
  startTasks: [],
  endTasks: [],
} as const

/** The operations of a request, as a worker hands them to the log. */
export function operationsOf(
  commands: readonly Command[],
  universe: Universe,
): Pick<GraphRequest, 'entities' | 'relationships' | 'types'> {
  const entities: EntityOp[] = []
  const relationships: RelationshipOp[] = []
  const types: TypeOp[] = []
  for (const [op, command] of commands.entries()) {
    if (command.on === 'entity') entities.push(entityOp(op, command, universe))
    else if (command.on === 'relationship') {
      relationships.push(relationshipOp(op, command, commands, universe))
    } else if (command.on === 'type') {
      const name = universe.definable[command.place - FIRST_TYPE] ?? ''
      types.push({ op, kind: 'entity', name, ...DEFINED })
    }
  }
  return { entities, relationships, types }
}

function entityOp(op: number, command: EntityCommand, { entityIds }: Universe): EntityOp {
  const id = entityIds[command.place] ?? ''
  if (command.does === 'update' || command.does === 'delete') return changeOp(op, command, id)
  const { does: action, externalId, type } = command
  return { op, id, externalId, action, type, content: contentOf(command) }
}

function relationshipOp(
  op: number,
  command: RelationshipCommand,
  commands: readonly Command[],
  { relationshipIds, entityIds }: Universe,
): RelationshipOp {
  const id = relationshipIds[command.place - FIRST_RELATIONSHIP] ?? ''
  if (command.does === 'update' || command.does === 'delete') return changeOp(op, command, id)
  const { does: action, externalId, type } = command
  const end = (place: number): EndRef => {
    const writer = commands.findIndex((each) => writesEntity(each, place))
    return writer < 0 ? { id: entityIds[place] ?? '' } : { op: writer }
  }
  const ends = { from: end(command.from), to: end(command.to) }
  return { op, id, externalId, action, type, ...ends, content: contentOf(command) }
}

/** An end that the request itself writes is named by its operation. */
export function writesEntity(command: Command, place: number): boolean {
  const { does, on } = command
  return on === 'entity' && (does === 'create' || does === 'upsert') && command.place === place
}

function changeOp(
  op: number,
  command: Extract<Command, { does: 'update' | 'delete' }>,
  id: string,
): Extract<EntityOp, { action: 'update' | 'delete' }> {
  if (command.does === 'delete') {
    return { op, id, externalId: null, action: 'delete', expectedVersion: command.version }
  }
  const { externalId, version: expectedVersion } = command
  return { op, id, externalId, action: 'update', expectedVersion, content: contentOf(command) }
}

function contentOf({ mark, color }: { readonly mark: number; readonly color: number }): Content {
  return { name: null, location: null, properties: { mark, color } }
}
