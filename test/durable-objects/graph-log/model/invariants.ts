import { type Entry, isAllowed } from './entries.ts'
import { Violation } from './violation.ts'
import type { World } from './world.ts'

/** Throws a `Violation` unless `world` is one that may be. */
export function checkWorld(world: World): void {
  checkLog(world.database.log)
  if (world.database.seq !== world.database.log.length) {
    throw new Violation('I4: the head is not the seq of the newest event')
  }
  for (const commitId of world.denied) {
    if (world.database.log.some((entry) => entry.commitId === commitId)) {
      throw new Violation(`I3: ${commitId} is in the log, and its caller was told it never will be`)
    }
  }
  const { seq, epoch, term } = world.database
  for (const { writer } of world.instances) {
    if (writer.phase.at !== 'ready') continue
    const { fence } = writer.phase
    if (fence.epoch === epoch && fence.term === term && fence.seq > seq) {
      throw new Violation('I4: an instance that no fence would refuse is ahead of the database')
    }
  }
  const isSomebodyWaiting = world.calls.includes('waiting')
  if (isSomebodyWaiting && world.instances.every(({ message }) => message === null)) {
    throw new Violation('progress: a caller waits, and no instance waits for anything')
  }
}

function checkLog(log: readonly Entry[]): void {
  log.forEach(({ seq, commitId, change }, index) => {
    if (seq !== index + 1) throw new Violation(`I4: the log goes from ${index} to ${seq}`)
    const before = log.slice(0, index)
    if (before.some((entry) => entry.commitId === commitId)) {
      throw new Violation(`I1: ${commitId} is in the log twice`)
    }
    if (!isAllowed(before, change)) {
      throw new Violation(`I5: ${commitId} is in the log against its precondition`)
    }
  })
}
