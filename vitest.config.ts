import { availableParallelism } from 'node:os'
import { cloudflareTest } from '@cloudflare/vitest-plugin'
import { defineConfig } from 'vitest/config'
import { STACKS } from './test/harness/stacks.ts'

// No test is judged by its time: a machine that has other work to do is no fault.
const patient = { testTimeout: 600_000, hookTimeout: 600_000 }

// The suffix of a test file says what it needs: nothing, workerd, PostgreSQL, a real Redis, or the
// whole stack.
export default defineConfig({
  test: {
    // By default a machine of two cores would run one file after the other.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    // An error that a Durable Object answers with is also reported from inside of it, although the
    // caller handles it.
    onUnhandledError: (error) => !('durableObjectId' in error),
    projects: [
      {
        test: {
          name: 'unit',
          ...patient,
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{workerd,pg,redis,e2e}.test.ts'],
        },
      },
      {
        test: {
          name: 'pg',
          ...patient,
          include: ['test/**/*.pg.test.ts'],
          globalSetup: ['test/harness/pg-global-setup.ts'],
        },
      },
      {
        test: {
          name: 'redis',
          ...patient,
          // Skipped unless TENDRIL_REDIS_URL names one.
          include: ['test/**/*.redis.test.ts'],
        },
      },
      {
        plugins: [
          cloudflareTest(({ inject }) => ({
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              bindings: {
                TENDRIL_CATALOG_URL: inject('catalogUrl'),
                TENDRIL_SHARDS: JSON.stringify([{ id: 'shard-1', url: inject('shardUrl') }]),
                TENDRIL_SQL_ENDPOINT: inject('sqlEndpoint'),
                TENDRIL_JWT_SECRET: 'a secret of at least 32 characters',
              },
            },
          })),
        ],
        test: {
          name: 'workerd',
          ...patient,
          include: ['test/**/*.workerd.test.ts'],
          globalSetup: ['test/harness/workerd-global-setup.ts'],
        },
      },
      {
        test: {
          name: 'e2e',
          ...patient,
          include: ['test/**/*.e2e.test.ts'],
          globalSetup: ['test/harness/pg-global-setup.ts', 'test/harness/stack-global-setup.ts'],
          setupFiles: ['test/harness/short-keep-alive.ts', 'test/harness/take-stack.ts'],
          // Each file has one of the stacks for itself; what else is tested has the machine before.
          maxWorkers: STACKS,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
})
