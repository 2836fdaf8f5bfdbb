import type { Change } from './calls.ts'

/** One event of the log. */
export type Entry = { readonly seq: number; readonly commitId: string; readonly change: Change }

/** Whether the change's precondition holds after `log`. */
export function isAllowed(log: readonly Entry[], { does, name }: Change): boolean {
  switch (does) {
    case 'create':
      return holderOf(log, name) === undefined
    case 'delete':
    case 'relate':
      return holderOf(log, name) !== undefined
    case 'touch':
      return log.some((entry) => entry.commitId === name && isLive(log, entry))
    case 'upsert':
    case 'break':
      return true
  }
}

/**
 * The rows that the change writes, each named by the commit id that made it. A statement writes a row
 * once: the real one raises when it meets one twice.
 */
export function rowsOf(log: readonly Entry[], commitId: string, { does, name }: Change): string[] {
  if (does === 'touch') return [name]
  if (does === 'create' || does === 'relate') return [commitId]
  const holder = holderOf(log, name)?.commitId ?? commitId
  if (does !== 'delete') return [holder]
  const cascade = log.filter(
    (entry) => entry.change.does === 'relate' && entry.change.name === name && isLive(log, entry),
  )
  return [holder, ...cascade.map((entry) => entry.commitId)]
}

/** The entry that made the entity of this external id, if there is one. */
function holderOf(log: readonly Entry[], name: string): Entry | undefined {
  return log.find(
    (entry) =>
      (entry.change.does === 'create' || entry.change.does === 'upsert') &&
      entry.change.name === name &&
      isLive(log, entry),
  )
}

/** Whether what `entry` made was not deleted since: itself, or the entity it points at. */
function isLive(log: readonly Entry[], entry: Entry): boolean {
  return !log.some(
    ({ seq, change }) =>
      seq > entry.seq && change.does === 'delete' && change.name === entry.change.name,
  )
}
