import { parseArgs } from 'node:util'
import { randomFrom } from '../../test/harness/random.ts'
import { type Scenario, simulate } from './simulation.ts'

const { values: options } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    memory: { type: 'string', default: '48' },
  },
})

const GOAL = 0.95

const mixed: Scenario = {
  entities: 100_000,
  operations: Number(options.operations),
  writeShare: 0.1,
  operationsPerSecond: 2_000,
  exponent: 0.99,
  places: 2,
  isolatesPerPlace: 2,
  memoryBytes: Number(options.memory) * 1024 * 1024,
  entityBytes: 1_200,
  writers: null,
}
const writers = { entities: 10_000, commitsPerSecond: 5_000, groupSize: 50 }
const scenarios: Readonly<Record<string, Scenario>> = {
  'zipf 90/10': mixed,
  'zipf 90/10 beside 5,000 commits/s elsewhere': { ...mixed, writers },
}

const rows = []
for (const [name, scenario] of Object.entries(scenarios)) {
  const began = process.cpuUsage()
  const result = await simulate(scenario, randomFrom(Number(options.seed)))
  const { user } = process.cpuUsage(began)
  for (const [tier, { ours, oracle }] of Object.entries(result.rates)) {
    rows.push({
      scenario: name,
      'up to': tier,
      'hits %': percent(ours),
      'oracle %': percent(oracle),
      'of the oracle %': percent(ours / oracle),
      goal: ours / oracle >= GOAL ? 'met' : 'missed',
    })
  }
  console.log(
    `${name}: seq ${result.seq}, ${result.listedBuckets} of ${result.bucketCount} buckets listed, ` +
      `${result.evictions} evictions, ${result.differenceBuckets.toFixed(1)} buckets told per read, ` +
      `${(user / 1e6).toFixed(0)} s of CPU`,
  )
}
console.table(rows)

function percent(share: number): string {
  return (share * 100).toFixed(1)
}
