import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { unstable_readConfig } from 'wrangler'
import { z } from 'zod'
import type { LogPage } from '../../db/queries/checkpoints.ts'
import { backoffMs } from '../../queues/backoff.ts'
import {
  BACKLOG_QUEUE,
  DEAD_QUEUE,
  LIVE_QUEUE,
  MAX_RETRIES,
  parsePointer,
} from '../../queues/messages.ts'
import { planPage } from '../../queues/plan.ts'

const checkpoint = {
  historyId: 'h',
  seq: 5,
  generation: 1,
  attempts: 0,
  notBefore: null,
  seed: null,
}
const page = (parts: Partial<LogPage> = {}): LogPage => ({
  historyId: 'h',
  head: 7,
  floorSeq: 0,
  now: '2026-11-21T09:00:00.000Z',
  checkpoint,
  rows: [{ seq: 6 }, { seq: 7 }],
  ...parts,
})

describe('a page of a log', () => {
  it.each([
    [
      'of a graph never read begins at what is kept',
      page({ checkpoint: null, floorSeq: 3 }),
      { do: 'begin', historyId: 'h', seq: 3 },
    ],
    [
      'of another history starts anew',
      page({ historyId: 'i' }),
      { do: 'restart', historyId: 'i', seq: 0 },
    ],
    ['that is read has nothing to do', page({ head: 5, rows: [] }), { do: 'rest', seq: 5 }],
    [
      'after a failure waits for its time',
      page({ checkpoint: { ...checkpoint, notBefore: '2026-11-21T09:00:00.001Z' } }),
      { do: 'wait' },
    ],
    [
      'whose time has come is taken',
      page({ checkpoint: { ...checkpoint, notBefore: '2026-11-21T09:00:00.000Z' } }),
      { do: 'take' },
    ],
    ['without its first event stops', page({ rows: [{ seq: 7 }] }), { do: 'stop' }],
    [
      'without one in between stops',
      page({ head: 8, rows: [{ seq: 6 }, { seq: 8 }] }),
      { do: 'stop' },
    ],
    ['without any event, though there should be, stops', page({ rows: [] }), { do: 'stop' }],
    ['of events in a row is taken', page(), { do: 'take' }],
  ])('%s', (_title, given, expected) => {
    expect(planPage(given, false)).toMatchObject(expected)
  })
})

describe('a page of a log, to a consumer that takes seeds,', () => {
  const place = { seq: 3, kind: 'relationship' as const, after: 'r' }
  const start = { historyId: 'h', seq: 0, seed: { seq: 3, kind: 'entity', after: null } }
  it.each([
    [
      'of a graph never read begins with what it held before its log',
      page({ checkpoint: null, floorSeq: 3 }),
      { do: 'begin', ...start },
    ],
    [
      'of a whole log begins with its first event',
      page({ checkpoint: null }),
      { do: 'begin', historyId: 'h', seq: 0, seed: null },
    ],
    [
      'of another history begins with what it holds',
      page({ historyId: 'i', floorSeq: 3 }),
      { do: 'restart', ...start, historyId: 'i' },
    ],
    [
      'in the midst of a seed goes on with it',
      page({ checkpoint: { ...checkpoint, seq: 0, seed: place }, floorSeq: 3, rows: [] }),
      { do: 'seed', seed: place },
    ],
    [
      'in the midst of a seed whose month was dropped begins anew',
      page({ checkpoint: { ...checkpoint, seq: 0, seed: { ...place, seq: 2 } }, floorSeq: 3 }),
      { do: 'restart', ...start },
    ],
    [
      'whose next event was dropped begins anew',
      page({ checkpoint: { ...checkpoint, seq: 2 }, floorSeq: 3, rows: [{ seq: 4 }] }),
      { do: 'restart', ...start },
    ],
    [
      'whose last event was dropped goes on',
      page({ checkpoint: { ...checkpoint, seq: 3 }, floorSeq: 3, rows: [{ seq: 4 }] }),
      { do: 'take' },
    ],
  ])('%s', (_title, given, expected) => {
    expect(planPage(given, true)).toMatchObject(expected)
  })
})

it('waits double each time, half of it by chance, up to a quarter of an hour', () => {
  expect([1, 2, 3, 4].map((attempts) => backoffMs(attempts, 0))).toEqual([500, 1_000, 2_000, 4_000])
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 0.999, noNaN: true }),
      (attempts, random) => {
        const full = Math.min(900_000, 1_000 * 2 ** (attempts - 1))
        const waitMs = backoffMs(attempts, random)
        return waitMs >= Math.floor(full / 2) && waitMs <= full
      },
    ),
  )
})

describe('the queues', () => {
  const consumers = z
    .array(
      z.looseObject({
        queue: z.string(),
        max_retries: z.int(),
        dead_letter_queue: z.string().optional(),
      }),
    )
    .parse(
      unstable_readConfig(
        { config: join(import.meta.dirname, '../../wrangler.toml') },
        { hideWarnings: true },
      ).queues.consumers,
    )

  it('have the retries that the code counts on', () => {
    for (const queue of [LIVE_QUEUE, BACKLOG_QUEUE]) {
      const found = consumers.find((each) => each.queue === queue)
      expect([found?.max_retries, found?.dead_letter_queue]).toEqual([
        MAX_RETRIES[queue],
        DEAD_QUEUE,
      ])
    }
  })
})

it('a pointer of another form is none', () => {
  const good = {
    v: 1,
    tenant_id: crypto.randomUUID(),
    graph_id: crypto.randomUUID(),
    shard_id: 's',
    epoch: 1,
    consumer: null,
    replay: null,
  }
  expect(parsePointer(good)).toMatchObject({ consumer: null, graph: { shardId: 's', epoch: 1 } })
  for (const bad of [
    null,
    'x',
    {},
    { ...good, v: 2 },
    { ...good, tenant_id: 'x' },
    { ...good, epoch: 0 },
    { ...good, more: 1 },
  ]) {
    expect(parsePointer(bad)).toBeNull()
  }
})
