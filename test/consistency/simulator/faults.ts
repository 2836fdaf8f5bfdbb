import type { Write } from '../history.ts'
import type { Clients } from './client.ts'
import { Isolate } from './isolate.ts'
import type { TierService } from './tiers.ts'

type Fault = readonly [perSecond: number, name: string, cause: () => void]

/** What goes wrong by itself, at the rates of the weather, as long as clients are at work. */
export async function causeFaults(
  clients: Clients,
  edges: readonly TierService[],
  isOver: () => boolean,
): Promise<void> {
  const { scheduler, random, weather, primary, object, redis } = clients.surroundings
  const { rates } = weather
  const awayFor = (ms: number, set: (isAway: boolean) => void) => {
    set(true)
    scheduler.schedule(random.below(ms), () => set(false))
  }
  const faults: readonly Fault[] = [
    [rates.isolateDropped, 'an isolate is dropped', () => replaceIsolate(clients, edges)],
    [rates.evicted, 'the object is evicted', () => object.evict()],
    [rates.doubled, 'the object has two instances', () => object.double()],
    [
      rates.objectAway,
      'the object is away',
      () =>
        awayFor(2_000, (isAway) => {
          object.isAway = isAway
        }),
    ],
    [
      rates.primaryAway,
      'the primary is away',
      () =>
        awayFor(2_000, (isAway) => {
          primary.isAway = isAway
        }),
    ],
    [
      rates.redisDown,
      'Redis is down',
      () =>
        awayFor(2_000, (isDown) => {
          redis.isDown = isDown
        }),
    ],
    [rates.redisFlushed, 'Redis is flushed', () => redis.flush()],
    [rates.redisFlushed, 'an edge cache is flushed', () => random.pick(edges).flush()],
    [
      rates.clockBack,
      'a clock goes back by an hour',
      () => {
        random.pick(clients.isolates).skewMs -= 3_600_000
      },
    ],
    [rates.restored, 'a restore', () => restore(clients)],
    [rates.restored * 2, 'a backup', () => primary.save()],
  ]
  const total = faults.reduce((sum, [perSecond]) => sum + perSecond, 0)
  if (total === 0) return
  while (!isOver()) {
    await scheduler.sleep(random.below(2_000 / total))
    let dice = random.next() * total
    const fault = faults.find(([perSecond]) => {
      dice -= perSecond
      return dice < 0
    })
    if (!fault) continue
    clients.faults.push(`${scheduler.now} ms: ${fault[1]}`)
    fault[2]()
  }
}

function replaceIsolate(clients: Clients, edges: readonly TierService[]): void {
  const { surroundings, isolates } = clients
  const index = surroundings.random.below(isolates.length)
  const former = isolates[index]
  if (!former) return
  isolates[index] = new Isolate(surroundings, surroundings.random.pick(edges))
  former.drop()
}

/**
 * The graph goes back to what was saved: first the database, then the object, which is told to forget.
 * That is one operation of its history.
 */
function restore(clients: Clients): void {
  const { scheduler, random, primary, object } = clients.surroundings
  const commitId = `restore ${clients.restores}`
  clients.restores += 1
  const state = primary.restore(commitId)
  if (!state) return
  const begun: Write = {
    ...{ client: -1, invoked: scheduler.tick, invokedAt: scheduler.now },
    ...{ responded: Number.POSITIVE_INFINITY, respondedAt: Number.POSITIVE_INFINITY },
    does: 'write',
    commitId,
    commands: [{ does: 'restore', on: 'graph', state }],
    outcome: 'unknown',
  }
  const index = clients.operations.push(begun) - 1
  const { historyId } = primary.graph.row
  clients.settledHistory = null
  scheduler.schedule(random.below(500), () => {
    object.evict()
    if (primary.graph.row.historyId === historyId) clients.settledHistory = historyId
    const ended = { responded: scheduler.tick, respondedAt: scheduler.now }
    clients.operations[index] = { ...begun, ...ended, outcome: 'committed' }
  })
}
