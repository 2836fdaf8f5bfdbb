import { seededRandom } from '../../durable-objects/graph-log/histories/random.ts'
import type { Change, Changes } from '../../harness/api.ts'
import type { History, Operation } from '../history.ts'
import { Universe } from '../simulator/universe.ts'
import type { Isolates } from './isolates.ts'
import { Clock, LiveClient, type LiveGraph } from './live-client.ts'
import { causeLiveFaults } from './live-faults.ts'
import { truthOf } from './truth.ts'

export type LiveOptions = {
  readonly seed: number
  readonly clients: number
  readonly operations: number
  readonly credential: string
}

/** Clients at work on a new graph through all isolates, with faults: recorded for the checkers. */
export async function liveHistory(isolates: Isolates, options: LiveOptions): Promise<History> {
  const { seed, clients, operations, credential } = options
  const random = seededRandom(seed)
  const shared: LiveGraph = {
    ...{
      graph: `history-${seed}`,
      universe: new Universe(random, random.uuid),
      random,
      credential,
    },
    ...{ urls: isolates.server.urls, clock: new Clock(), operations: [], problems: [] },
    ...{ begun: new Map(), answered: new Map(), all: [], left: operations },
    ...{ hotEntities: random.pick([2, 3, 5]), writes: random.pick([0.1, 0.25, 0.4]) },
  }
  await ask(shared, 'POST', '/graphs', { name: shared.graph })
  for (let number = 0; number < clients; number += 1) {
    shared.all.push(new LiveClient(number, shared))
  }
  let isOver = false
  const causing = causeLiveFaults(isolates, seededRandom(seed), () => isOver)
  await Promise.all(shared.all.map((client) => client.run()))
  isOver = true
  const faults = await causing
  const { universe, begun, answered, problems } = shared
  const truth = truthOf(await changesOf(shared), begun, universe)
  const committed = new Map(truth.committed)
  for (const [commitId, seq] of answered) {
    // What was so already is written without a trace.
    if (!committed.has(commitId)) committed.set(commitId, [truth.placeAt(seq)])
  }
  const known: readonly Operation[] = shared.operations
  return { seed, universe, operations: known, truth: { ...truth, committed }, problems, faults }
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
  { urls, credential }: LiveGraph,
  method: string,
  path: string,
  body?: unknown,
): Promise<unknown> {
  const idempotencyKey = crypto.randomUUID()
  for (let tries = 1; ; tries += 1) {
    const response = await fetch(`${urls[0]}/api/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${credential}`,
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
