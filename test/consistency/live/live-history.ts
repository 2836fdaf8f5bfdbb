import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import type { Change, Changes } from '../../harness/api.ts'
import type { History } from '../history.ts'
import { Universe } from '../simulator/universe.ts'
import { LiveClient } from './live-client.ts'
import { Clock, type LiveGraph, type LiveOptions } from './live-graph.ts'
import { truthOf } from './truth.ts'

export type LiveHistory = {
  readonly history: History
  /** How often each tier answered, as `Cache-Status` names them. */
  readonly sources: ReadonlyMap<string, number>
}

/** Clients at work on a new graph, each request through any isolate: recorded for the checkers. */
export async function liveHistory(
  urls: readonly string[],
  options: LiveOptions,
): Promise<LiveHistory> {
  const random = seededRandom(options.seed)
  const shared: LiveGraph = {
    ...{ urls, options, random, clock: new Clock() },
    ...{ graph: `history-${options.seed}`, universe: new Universe(random, random.uuid) },
    ...{ operations: [], problems: [], all: [], left: options.operations },
    ...{ begun: new Map(), answered: new Map(), sources: new Map() },
    ...{ hotEntities: random.pick([2, 3, 5]), writes: random.pick([0.1, 0.25, 0.4]) },
  }
  await ask(shared, 'POST', '/graphs', { name: shared.graph })
  for (let number = 0; number < options.clients; number += 1) {
    shared.all.push(new LiveClient(number, shared))
  }
  await Promise.all(shared.all.map((client) => client.run()))
  return { history: await recorded(shared), sources: shared.sources }
}

async function recorded(shared: LiveGraph): Promise<History> {
  const { seed, faults } = shared.options
  const { universe, begun, answered, operations, problems } = shared
  const truth = truthOf(await changesOf(shared), begun, universe)
  const committed = new Map(truth.committed)
  for (const [commitId, seq] of answered) {
    // What was so already is written without a trace.
    if (!committed.has(commitId)) committed.set(commitId, [truth.placeAt(seq)])
  }
  return { seed, universe, operations, truth: { ...truth, committed }, problems, faults }
}

async function changesOf(shared: LiveGraph): Promise<Change[]> {
  const changes: Change[] = []
  for (let after = 0; ; ) {
    const path = `/graphs/${shared.graph}/changes?limit=1000&after=${after}`
    const page = (await ask(shared, 'GET', path)) as Changes
    if (page.items.length === 0) return changes
    changes.push(...page.items)
    after = page.next
  }
}

const PATIENCE = 20

/** Repeated until it is answered: what failed a moment ago may go on failing for another. */
async function ask(
  { urls, options }: LiveGraph,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const idempotencyKey = crypto.randomUUID()
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${urls[0]}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${options.credential}`,
        'idempotency-key': idempotencyKey,
        'tendril-consistency': 'strong',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const answer: unknown = await response.json()
    if (response.ok) return answer
    if (response.status !== 503 || tries === PATIENCE) {
      throw new Error(`${method} ${path} was told ${response.status} ${JSON.stringify(answer)}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}
