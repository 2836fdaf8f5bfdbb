/** What grouping needs to know of a request, computed once when it arrives. */
export type Footprint = {
  readonly commitId: string
  /** Ids and external ids that the request writes. */
  readonly writes: ReadonlySet<string>
  /** Ids and external ids that it names without writing them. */
  readonly reads: ReadonlySet<string>
  /** Deletes records or changes types: it goes alone. */
  readonly alone: boolean
  readonly commands: number
  readonly bytes: number
}

/** Most bytes of JSON one group may hold: one SQL request has to carry it. */
export const MAX_GROUP_BYTES = 8 * 1024 * 1024

export type GroupLimits = { readonly commands: number; readonly bytes: number }

/**
 * How many requests from the head of the queue may be committed by one statement (C4): none of
 * them writes what another names, none is a repeat of another, deletions and type changes go
 * alone. The queue's order is kept, so nobody waits behind a later request. At least one.
 */
export function groupLength(queue: readonly Footprint[], limits: GroupLimits): number {
  const group: Footprint[] = []
  const written = new Set<string>()
  const named = new Set<string>()
  const commitIds = new Set<string>()
  let commands = 0
  let bytes = 0
  for (const request of queue) {
    commands += request.commands
    bytes += request.bytes
    const last = group.at(-1)
    if (last) {
      if (request.alone || commands > limits.commands || bytes > limits.bytes) break
      // Only now: the first request of a group may fill it, and then nobody compares its names.
      addAll(last.writes, written)
      addAll(last.writes, named)
      addAll(last.reads, named)
      commitIds.add(last.commitId)
      if (commitIds.has(request.commitId)) break
      if (overlaps(request.writes, named) || overlaps(request.reads, written)) break
    }
    group.push(request)
    if (request.alone) break
  }
  return group.length
}

function addAll(names: ReadonlySet<string>, to: Set<string>): void {
  for (const name of names) to.add(name)
}

function overlaps(names: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const name of names) if (others.has(name)) return true
  return false
}
