import type { GraphRequest } from '../../../../core/log/requests.ts'
import type { Fence } from '../../../../db/log-store.ts'
import type { Submission, Writer } from '../../../../durable-objects/graph-log/writer.ts'
import type { DatabaseEffect } from './model-database.ts'
import type { Message, Scenario, World } from './world.ts'

/**
 * Worlds of one key have one future. Instances have no names, a term counts only as the newest or
 * as an old one, and how a commit id came to be in the log does not matter.
 */
export function keyOf(
  { database, ...world }: World,
  { rules, succession }: Pick<Scenario, 'rules' | 'succession'>,
): string {
  const fenceKey = ({ seq, epoch, term }: Fence) =>
    epoch !== database.epoch || (rules.fencesTerm && term !== database.term)
      ? '-'
      : `${seq}${term === database.term ? '' : '-'}`
  const instances = world.instances.map(
    ({ writer, message }) => `${writerKey(writer, fenceKey)}${replyKey(message, fenceKey)}`,
  )
  const { crashes, losses, rejections, headsWanted, moves } = world.faultsLeft
  return [
    database.log.map(({ commitId }) => commitId).join(''),
    database.epoch,
    ...(succession === 'none' ? instances.sort() : [...instances, world.isSucceeded]),
    world.strays.map(strayKey).sort().join(''),
    world.calls.map((state) => state.charAt(0)).join(''),
    world.rivalled.join(''),
    world.denied.join(''),
    `${crashes}${losses}${rejections}${headsWanted}${moves}`,
  ].join('|')
}

function writerKey(
  { phase, queue, mustOpen }: Writer<GraphRequest>,
  fenceKey: (fence: Fence) => string,
): string {
  const fence = 'fence' in phase ? fenceKey(phase.fence) : ''
  const held = 'group' in phase ? phase.group : 'doubtful' in phase ? phase.doubtful : []
  const must = mustOpen ? '!' : ''
  return `${phase.at.slice(0, 2)}${fence}(${submissionsKey(held)})${submissionsKey(queue)}${must}`
}

function submissionsKey(submissions: readonly Submission<GraphRequest>[]): string {
  return submissions
    .map(({ ticket, sends, footprint }) => `${ticket}${footprint.alone ? 'a' : '.'}${sends}`)
    .join('')
}

function replyKey(message: Message | null, fenceKey: (fence: Fence) => string): string {
  const reply = message?.reply
  switch (reply?.type) {
    case undefined:
      return ''
    case 'opened':
      return reply.log
        ? `=${fenceKey(reply.log.fence)}${[...reply.log.known.keys()].join('')}`
        : '=0'
    case 'committed': {
      const { seq, answers } = reply.result
      const told = answers.map((answer) => ('seq' in answer ? [answer.status, answer.seq] : []))
      return `=${seq}${told.join()}`
    }
    default:
      return `=${reply?.type}`
  }
}

function strayKey(stray: DatabaseEffect): string {
  return stray.do === 'open' ? 'o' : `c${stray.group.map(({ commitId }) => commitId).join('')}`
}
