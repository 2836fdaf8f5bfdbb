import { type SQL, sql } from 'drizzle-orm'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import type { Kind } from '../../core/log/commands.ts'
import type { TypeDefinition } from '../../core/log/records.ts'
import type { TypeTask } from '../../core/types/definition.ts'
import type { Database, Row } from '../client.ts'
import { TYPE_COLUMNS, toTypeDefinition } from './rows.ts'
import { inGraph, readGraph, runRead } from './snapshot.ts'

/** What names a task in its graph. */
export type TypeTaskName = { readonly kind: Kind; readonly name: string; readonly task: TypeTask }

/** A task as far as it has got. */
export type TypeTaskProgress = TypeTaskName & {
  /** Records whose version is above it were written with the task's outcome in force. */
  readonly sinceSeq: number
  /** Id of the last record done; `null` before the first. */
  readonly cursor: string | null
  /** Records done so far. */
  readonly done: number
}

/** A task and its type, read together. */
export type LoadedTypeTask = {
  /** `null`: it has ended. */
  readonly task: TypeTaskProgress | null
  /** `null`: the type is not defined, or no longer. */
  readonly type: TypeDefinition | null
  /** The graph's schema at that moment: a commit that rests on what was read must say it (C5). */
  readonly schemaSeq: number
}

export const TASK_COLUMNS: SQL = sql`k.kind, k.name, k.task, k.since_seq, k.cursor, k.done`

export async function loadTypeTask(
  shard: Database,
  graph: GraphAddress,
  { kind, name, task }: TypeTaskName,
): Promise<LoadedTypeTask> {
  const { results, schemaSeq } = await readGraph(shard, graph, [
    sql`select ${TASK_COLUMNS} from type_tasks k
      where ${inGraph(graph, 'k')} and k.kind = ${kind} and k.name = ${name} and k.task = ${task}`,
    sql`select ${TYPE_COLUMNS} from types t
      where ${inGraph(graph, 't')} and t.kind = ${kind} and t.name = ${name}`,
  ])
  const [[row] = [], [type] = []] = results
  return {
    task: row ? toTypeTask(row) : null,
    type: type ? toTypeDefinition(type) : null,
    schemaSeq,
  }
}

export function toTypeTask(row: Row): TypeTaskProgress {
  return {
    kind: row.kind as Kind,
    name: row.name as string,
    task: row.task as TypeTask,
    sinceSeq: row.since_seq as number,
    cursor: row.cursor as string | null,
    done: row.done as number,
  }
}

/**
 * Writes down that a task has got from where `task` is to `cursor`, with `done` records more. `null`
 * when it is somewhere else by now: another run has moved it, or it has ended or begun anew.
 */
export async function moveTypeTask(
  shard: Database,
  graph: GraphAddress,
  task: TypeTaskProgress,
  { cursor, done }: { readonly cursor: string; readonly done: number },
): Promise<TypeTaskProgress | null> {
  const [rows] = await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`update type_tasks k set cursor = ${cursor}::uuid, done = k.done + ${done}::bigint,
          updated_at = now()
        where ${inGraph(graph, 'k')} and k.kind = ${task.kind} and k.name = ${task.name}
          and k.task = ${task.task} and k.since_seq = ${task.sinceSeq}::bigint
          and k.cursor is not distinct from ${task.cursor}::uuid
        returning ${TASK_COLUMNS}`,
    ]),
  )
  const row = rows?.[0]
  return row ? toTypeTask(row) : null
}

/** Ends a task whose end no reader of the graph can notice: the log does not tell of it. */
export async function endTypeTask(
  shard: Database,
  graph: GraphAddress,
  task: TypeTaskProgress,
): Promise<void> {
  await runRead(() =>
    shard.batch(graph.tenantId, [
      sql`delete from type_tasks k where ${inGraph(graph, 'k')} and k.kind = ${task.kind}
        and k.name = ${task.name} and k.task = ${task.task}
        and k.since_seq = ${task.sinceSeq}::bigint`,
    ]),
  )
}

export type WaitingTypeTask = TypeTaskName & { readonly graph: GraphAddress }

/** Tasks of all tenants that nobody has worked on for `idleSeconds`, in the order they shall be. */
export async function waitingTypeTasks(
  shard: Database,
  shardId: string,
  { idleSeconds, limit }: { readonly idleSeconds: number; readonly limit: number },
): Promise<WaitingTypeTask[]> {
  const [rows] = await runRead(() =>
    shard.batchWith({}, [
      sql`select * from tendril_waiting_type_tasks(
        make_interval(secs => ${idleSeconds}::float8), ${limit}::int)`,
    ]),
  )
  return (rows ?? []).map((row) => ({
    kind: row.kind as Kind,
    name: row.name as string,
    task: row.task as TypeTask,
    graph: {
      kind: 'graph',
      tenantId: tenantId(row.tenant_id as string),
      graphId: graphId(row.graph_id as string),
      shardId,
      epoch: row.epoch as number,
    },
  }))
}
