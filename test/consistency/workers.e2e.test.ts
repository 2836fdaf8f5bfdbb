import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { problemsOf } from './check.ts'
import { explain } from './explain.ts'
import type { History } from './history.ts'
import { type Isolates, startIsolates } from './live/isolates.ts'
import { liveHistory } from './live/live-history.ts'

/** Of what clients ask for and of the faults; what comes of it depends on the machine, too. */
const SEED = Number(process.env.TENDRIL_SEED ?? Date.now() % 2 ** 31)
const ISOLATES = 3
const HISTORIES = 10
const CLIENTS = 8
const OPERATIONS = 250

let isolates: Isolates
let credential: string

beforeAll(async () => {
  isolates = await startIsolates(ISOLATES, inject('pgUrl'))
  const response = await fetch(`${isolates.server.url}/api/v1/auth/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      ...{ tenant_name: 'Histories', email: 'histories@example.com' },
      password: 'correct horse battery staple',
    }),
  })
  const { access_token } = (await response.json()) as { access_token: string }
  credential = access_token
})

afterAll(() => isolates.stop())

describe('clients of several isolates', () => {
  it('get what their levels promise, whatever fails', async () => {
    console.info(`TENDRIL_SEED=${SEED}`)
    const histories: History[] = []
    for (let i = 0; i < HISTORIES; i += 1) {
      const options = { seed: SEED + i, clients: CLIENTS, operations: OPERATIONS, credential }
      const history = await liveHistory(isolates, options)
      const problems = problemsOf(history)
      expect(problems, `${explain(history)}\n${problems.join('\n')}`).toEqual([])
      histories.push(history)
    }
    console.info(summary(histories))
  })
})

function summary(histories: readonly History[]): Record<string, number> {
  const counts: Record<string, number> = {}
  const count = (what: string) => {
    counts[what] = (counts[what] ?? 0) + 1
  }
  for (const { operations, faults } of histories) {
    for (const operation of operations) {
      if (operation.does === 'write') count(operation.outcome)
      else count(operation.isStale ? 'stale' : operation.consistency.level)
    }
    for (const fault of faults) count(fault.replace(/^.* ms: /, ''))
  }
  return counts
}
