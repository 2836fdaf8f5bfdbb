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
  const written = new Set<string>()
  const named = new Set<string>()
  const commitIds = new Set<string>()
  let commands = 0
  let bytes = 0
  let length = 0
  for (const request of queue) {
    commands += request.commands
    bytes += request.bytes
    if (length > 0) {
      if (request.alone || commands > limits.commands || bytes > limits.bytes) break
      if (commitIds.has(request.commitId)) break
      if (overlaps(request.writes, named) || overlaps(request.reads, written)) break
    }
    length += 1
    if (request.alone) break
    commitIds.add(request.commitId)
    for (const name of request.writes) {
      written.add(name)
      named.add(name)
    }
    for (const name of request.reads) named.add(name)
  }
  return length
}

function overlaps(names: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  for (const name of names) if (others.has(name)) return true
  return false
}
