import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import pg from 'pg'
import { graphId, tenantId } from '../../core/ids.ts'
import type { GraphAddress } from '../../core/log/address.ts'
import { openDatabase } from '../../db/client.ts'
import { consume } from '../../queues/consume.ts'
import { statistics } from '../../queues/consumers/statistics.ts'
import { pointerTo, toMessage } from '../../queues/messages.ts'
import { type Bundle, bundleWorker } from '../../scripts/local/bundle.ts'
import { startStack } from '../../scripts/local/stack.ts'
import { cpuMsOf, postmasterPid } from '../import/cpu-time.ts'
import { lagsAt, newTarget, type Target, untilRead, writeAll } from './load.ts'
import { queueAlone, startWorker } from './worker.ts'

const HELP = `Writes events through the worker and lets its consumer read them through the local queue, beside the
same writes without a consumer, the consumer alone and the queue alone, on PostgreSQL with fsync and
synchronous_commit on.

  npm run bench:consumers -- [options]

  --events <n>   of a round                                  default 20000
  --rounds <n>   of all cases, in alternating order          default 3
  --help         this text`

const { values } = parseArgs({
  options: {
    events: { type: 'string', default: '20000' },
    rounds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
})

const GRAPHS = 8
const COMMANDS = 100
const CLIENTS = 8
const QUEUE_MESSAGES = 5_000
const LAG_SECONDS = 8

type Figure = { readonly perSecond: number; readonly cpuMicroseconds: number }

if (values.help) console.log(HELP)
else await main(Number(values.events), Number(values.rounds))

async function main(events: number, rounds: number): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tendril-bench-'))
  chmodSync(folder, 0o711)
  const stack = await startStack({ dataDir: folder, durable: true })
  const client = new pg.Client(stack.postgres.url('tendril_shard_1'))
  try {
    await client.connect()
    const bundle = await bundleWorker(join(folder, 'build'))
    const postmaster = await postmasterPid(stack.postgres.url('tendril_shard_1'))
    const figures = new Map<string, Figure[]>()
    const cpuMs = () => cpuMsOf(process.pid) + cpuMsOf(postmaster)
    const note = (name: string, figure: Figure) => {
      figures.set(name, [...(figures.get(name) ?? []), figure])
      console.log(`${name.padEnd(34)}${figure.perSecond.toFixed(0).padStart(9)}/s`)
    }
    async function timed(name: string, count: number, work: () => Promise<unknown>) {
      const [cpuBefore, begunMs] = [cpuMs(), performance.now()]
      await work()
      const elapsedMs = performance.now() - begunMs
      note(name, {
        perSecond: (count * 1_000) / elapsedMs,
        cpuMicroseconds: ((cpuMs() - cpuBefore) * 1_000) / count,
      })
    }
    const bench = { events, client, stack, bundle, folder, timed }
    const cases = [withoutConsumer, withConsumer]
    for (let round = 0; round < rounds; round += 1) {
      for (const each of round % 2 === 0 ? cases : cases.toReversed()) await each(bench, round)
      const body = toMessage(pointerTo(address(crypto.randomUUID(), crypto.randomUUID())))
      const perSecond = await queueAlone(QUEUE_MESSAGES, body)
      note('queue alone (messages)', { perSecond, cpuMicroseconds: Number.NaN })
    }
    report(figures)
    await lag(bench, figures)
  } finally {
    await client.end()
    await stack.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

type Bench = {
  readonly events: number
  readonly client: pg.Client
  readonly stack: Awaited<ReturnType<typeof startStack>>
  readonly bundle: Bundle
  readonly folder: string
  readonly timed: (name: string, count: number, work: () => Promise<unknown>) => Promise<void>
}

/** Writes alone, and then what they left to the consumer alone. */
async function withoutConsumer(bench: Bench, round: number): Promise<void> {
  const { stack, bundle, folder, events, client, timed } = bench
  const worker = await startWorker(bundle, stack.bindings, join(folder, `a${round}`), false)
  try {
    const target = await newTarget(worker, GRAPHS)
    await warmUp(target)
    await timed('commits alone', events, () => writeAll(target, events, COMMANDS, CLIENTS))
    const [shard] = JSON.parse(stack.bindings.TENDRIL_SHARDS) as { url: string }[]
    const database = openDatabase(shard?.url ?? '', stack.sqlEndpoint)
    const { rows } = await client.query<{ tenant_id: string }>(
      'select tenant_id from graphs where id = $1',
      [target.graphs[0]?.id],
    )
    await timed('consumer alone', events, async () => {
      for (const { id } of target.graphs) {
        const deps = { shard: database, now: () => 0, random: Math.random }
        const budget = { maxPages: 1_000_000, untilMs: Number.POSITIVE_INFINITY }
        await consume(deps, statistics, address(rows[0]?.tenant_id ?? '', id), budget)
      }
    })
  } finally {
    await worker.stop()
  }
}

async function withConsumer(bench: Bench, round: number): Promise<void> {
  const { stack, bundle, folder, events, client, timed } = bench
  const worker = await startWorker(bundle, stack.bindings, join(folder, `b${round}`), true)
  try {
    const target = await newTarget(worker, GRAPHS)
    await warmUp(target)
    await untilRead(client, target)
    await timed('commit, pointer, consumer', events, async () => {
      await writeAll(target, events, COMMANDS, CLIENTS)
      await untilRead(client, target)
    })
  } finally {
    await worker.stop()
  }
}

/** Opens every graph's log. */
async function warmUp(target: Target): Promise<void> {
  await writeAll(target, GRAPHS, 1, 1)
}

function address(tenant: string, graph: string): GraphAddress {
  return {
    kind: 'graph',
    tenantId: tenantId(tenant),
    graphId: graphId(graph),
    shardId: 'shard-1',
    epoch: 1,
  }
}

function report(figures: ReadonlyMap<string, readonly Figure[]>): void {
  console.log(`\n${'median'.padEnd(34)}${'per second'.padStart(11)}${'us CPU each'.padStart(14)}`)
  for (const name of figures.keys()) {
    const { perSecond, cpuMicroseconds } = medians(figures, name)
    console.log(
      name.padEnd(34) +
        perSecond.toFixed(0).padStart(11) +
        (Number.isNaN(cpuMicroseconds) ? '–' : cpuMicroseconds.toFixed(0)).padStart(14),
    )
  }
  const whole = medians(figures, 'commit, pointer, consumer')
  const commits = medians(figures, 'commits alone')
  const queue = medians(figures, 'queue alone (messages)')
  console.log(`
whole way / commits alone, events:    ${(whole.perSecond / commits.perSecond).toFixed(2)} x
whole way / commits alone, CPU:       ${(whole.cpuMicroseconds / commits.cpuMicroseconds).toFixed(2)} x
events of the whole way / messages of the queue alone: ${(whole.perSecond / queue.perSecond).toFixed(2)} x`)
}

/** At half of what the whole way can take. */
async function lag(bench: Bench, figures: ReadonlyMap<string, readonly Figure[]>): Promise<void> {
  const { stack, bundle, folder, client } = bench
  const eventsPerSecond = medians(figures, 'commit, pointer, consumer').perSecond / 2
  const worker = await startWorker(bundle, stack.bindings, join(folder, 'lag'), true)
  try {
    const target = await newTarget(worker, GRAPHS)
    await warmUp(target)
    const lags = await lagsAt(client, target, {
      eventsPerSecond,
      seconds: LAG_SECONDS,
      commands: 20,
    })
    const sorted = lags.toSorted((a, b) => a - b)
    const at = (share: number) =>
      (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(0)
    console.log(
      `lag at ${eventsPerSecond.toFixed(0)} events/s, ${sorted.length} commits: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`,
    )
  } finally {
    await worker.stop()
  }
}

function medians(figures: ReadonlyMap<string, readonly Figure[]>, name: string): Figure {
  const of = (field: keyof Figure) => {
    const values = (figures.get(name) ?? []).map((each) => each[field]).toSorted((a, b) => a - b)
    return values[Math.floor(values.length / 2)] ?? Number.NaN
  }
  return { perSecond: of('perSecond'), cpuMicroseconds: of('cpuMicroseconds') }
}
