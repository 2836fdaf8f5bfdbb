import { type SQL, sql } from 'drizzle-orm'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Kind } from '../../core/log/commands.ts'
import { isTypeEvent, type TypeEventKind } from '../../core/log/events.ts'
import type { TypeDefinition } from '../../core/log/records.ts'
import type { Database, Row } from '../client.ts'
import type { ReadAt } from './entities.ts'
import { EVENT_COLUMNS, TYPE_COLUMNS, toChange, toTypeDefinition } from './rows.ts'
import { inGraph, readGraph } from './snapshot.ts'
import { TASK_COLUMNS, type TypeTaskProgress, toTypeTask } from './type-tasks.ts'

export type TypeName = { readonly kind: Kind; readonly name: string }

/** A type and the work that is left for it. */
export type TypeWithTasks = {
  readonly type: TypeDefinition
  readonly tasks: readonly TypeTaskProgress[]
}

/** All types of a graph and the seq of their last change. */
export async function listTypes(
  shard: Database,
  graph: GraphAddress,
): Promise<ReadAt<{ schemaSeq: number; types: TypeDefinition[] }>> {
  const { results, schemaSeq, ...at } = await readGraph(shard, graph, [
    sql`select ${TYPE_COLUMNS} from types t where ${inGraph(graph, 't')} order by kind, name`,
  ])
  return { value: { schemaSeq, types: (results[0] ?? []).map(toTypeDefinition) }, ...at }
}

/** Types by kind and name, after `after`; `next` is where the next page begins. */
export async function listTypePage(
  shard: Database,
  graph: GraphAddress,
  { after, limit }: { readonly after: TypeName | null; readonly limit: number },
): Promise<ReadAt<{ items: TypeWithTasks[]; next: TypeName | null }>> {
  const beyond = after
    ? sql`and (t.kind collate "C", t.name collate "C") > (${after.kind}, ${after.name})`
    : sql``
  const { results, ...at } = await readGraph(shard, graph, [
    sql`select ${TYPE_COLUMNS} from types t where ${inGraph(graph, 't')} ${beyond}
      order by kind collate "C", name collate "C" limit ${limit + 1}`,
    sql`select ${TASK_COLUMNS} from type_tasks k where ${inGraph(graph, 'k')}`,
  ])
  const [rows = [], tasks = []] = results
  const types = rows.slice(0, limit).map(toTypeDefinition)
  const last = rows.length > limit ? types.at(-1) : undefined
  return {
    value: {
      items: types.map((type) => ({ type, tasks: tasksOf(type, tasks) })),
      next: last ? { kind: last.kind, name: last.name } : null,
    },
    ...at,
  }
}

/** One type, how many the graph has, and the seq of the last change of any. */
export async function getType(
  shard: Database,
  graph: GraphAddress,
  name: TypeName,
): Promise<ReadAt<{ schemaSeq: number; count: number; found: TypeWithTasks | null }>> {
  const { results, schemaSeq, ...at } = await readGraph(shard, graph, [
    typeStatement(graph, name),
    tasksStatement(graph, name),
    sql`select count(*) as count from types t where ${inGraph(graph, 't')}`,
  ])
  const [types, tasks = [], counts] = results
  const count = (counts?.[0]?.count ?? 0) as number
  return { value: { schemaSeq, count, found: withTasks(types?.[0], tasks) }, ...at }
}

/** What an event made of a type; `null`: it is not defined any more. */
export type TypeEvent = {
  readonly seq: number
  readonly kind: TypeEventKind
  readonly after: TypeDefinition | null
}

/** Events that a check can have while it is under way: those of indexes are bounded by their number. */
const MAX_EVENTS = 200

export type TypeSince = {
  readonly found: TypeWithTasks | null
  /** All work that is left, also where the type is no longer defined. */
  readonly tasks: readonly TypeTaskProgress[]
  readonly events: readonly TypeEvent[]
}

/** A type as it is, and what has happened to it from `seq` on, oldest first. */
export async function typeSince(
  shard: Database,
  graph: GraphAddress,
  name: TypeName,
  seq: number,
): Promise<ReadAt<TypeSince>> {
  const { results, ...at } = await readGraph(shard, graph, [
    typeStatement(graph, name),
    tasksStatement(graph, name),
    // Events of types alone have no subject: the index of subjects leads to them.
    sql`select ${EVENT_COLUMNS} from events v where ${inGraph(graph, 'v')} and v.subject_id is null
      and v.seq >= ${seq}::bigint and v.type = ${name.name}
      and coalesce(v.after, v.before) ->> 'kind' = ${name.kind}
      order by v.seq limit ${MAX_EVENTS}`,
  ])
  const [types, tasks = [], events = []] = results
  return {
    value: {
      found: withTasks(types?.[0], tasks),
      tasks: tasks.map(toTypeTask),
      events: events.flatMap((row): TypeEvent[] => toTypeEvent(row, name)),
    },
    ...at,
  }
}

function typeStatement(graph: GraphAddress, { kind, name }: TypeName): SQL {
  return sql`select ${TYPE_COLUMNS} from types t
    where ${inGraph(graph, 't')} and t.kind = ${kind} and t.name = ${name}`
}

function tasksStatement(graph: GraphAddress, { kind, name }: TypeName): SQL {
  return sql`select ${TASK_COLUMNS} from type_tasks k
    where ${inGraph(graph, 'k')} and k.kind = ${kind} and k.name = ${name}`
}

function withTasks(row: Row | undefined, tasks: readonly Row[]): TypeWithTasks | null {
  return row ? { type: toTypeDefinition(row), tasks: tasks.map(toTypeTask) } : null
}

function tasksOf({ kind, name }: TypeName, tasks: readonly Row[]): TypeTaskProgress[] {
  return tasks.filter((task) => task.kind === kind && task.name === name).map(toTypeTask)
}

function toTypeEvent(row: Row, { name }: TypeName): TypeEvent[] {
  const { seq, kind, after } = toChange(row)
  if (!isTypeEvent(kind)) return []
  return [{ seq, kind, after: after && toTypeDefinition({ ...after, name }) }]
}
