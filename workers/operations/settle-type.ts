import type { TypeDefinition } from '../../core/log/records.ts'
import {
  type TypeEvent,
  type TypeName,
  type TypeWithTasks,
  typeSince,
} from '../../db/queries/types.ts'
import type { GraphContext } from '../context.ts'
import { forgetSchema } from './schema.ts'
import { runTypeTask } from './type-tasks/run.ts'

/**
 * What came of a change of a type. `done`: it is in force. `checking`: the background goes on.
 * `refused`: records stand in the way; the examples are in `found`.
 */
export type Settled = {
  readonly status: 'done' | 'checking' | 'refused'
  /** The type as the change left it; `null`: removed. */
  readonly found: TypeWithTasks | null
  readonly seq: number
  readonly historyId: string
}

/** What a request works on itself before it leaves the rest to the background. */
const INLINE_PAGES = 5
const INLINE_MS = 3_000

/** Works on what a change of a type has left to do, for a short time, and tells how far it is. */
export async function settleType(
  context: GraphContext,
  name: TypeName,
  version: number,
): Promise<Settled> {
  const { graph, principal, requestId, services } = context
  const shard = services.shard(graph.shardId)
  const untilMs = services.now() + INLINE_MS
  const origin = { actor: principal.actor, requestId }
  let read = await typeSince(shard, graph, name, version)
  const tasks = read.value.tasks
  for (const { task } of tasks) {
    const run = { services, graph, name: { ...name, task }, origin }
    await runTypeTask(run, { maxPages: INLINE_PAGES, untilMs })
  }
  if (tasks.length > 0) {
    forgetSchema(context)
    read = await typeSince(shard, graph, name, version)
  }
  const { value, ...at } = read
  return { ...at, ...outcome(value.found, value.events) }
}

/** The end of the check that the first event began, or how it left the type. */
function outcome(
  found: TypeWithTasks | null,
  events: readonly TypeEvent[],
): Pick<Settled, 'status' | 'found'> {
  const end = events.find(({ after }) => after?.change?.status !== 'checking')
  // Nothing has ended it, or all of this is older than the log is kept.
  if (!end) return { status: statusOf(found?.type ?? null), found }
  const isNow = end.seq === found?.type.version
  const type = end.after
  return {
    status: statusOf(type),
    found: isNow ? found : type && { type, tasks: found?.tasks ?? [] },
  }
}

function statusOf(type: TypeDefinition | null): Settled['status'] {
  return type?.change?.status ?? 'done'
}
