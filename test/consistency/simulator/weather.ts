import type { Random } from '../../durable-objects/graph-log/histories/random.ts'

/** How long something takes: usually little, now and then much. Milliseconds. */
export type Delay = { readonly usualMs: number; readonly slowMs: number; readonly slow: number }

/** The conditions of one history. Rates are per second of virtual time, chances per occasion. */
export type Weather = {
  readonly clients: number
  readonly operations: number
  readonly isolates: number
  /** Longest pause of a client between operations. */
  readonly pauseMs: number
  readonly writes: number
  /** Only so many of the entities are written and read. */
  readonly hotEntities: number
  /** How many of the reads are of one or two of these, and nothing else. */
  readonly plainReads: number
  readonly bookmarksPassed: number
  readonly levels: readonly ('strong' | 'session' | 'bounded')[]
  readonly memoryBytes: number
  readonly watermarks: { readonly buckets: number; readonly maxListed: number }
  readonly recentEvents: number
  readonly call: Delay
  readonly database: Delay
  readonly edge: Delay
  readonly redis: Delay
  readonly chances: {
    /** A client gives up, and its request may be dropped where it stands. */
    readonly cancelled: number
    /** A call to the object that does not arrive, or whose answer does not. */
    readonly callLost: number
    readonly commitLost: number
    /** A commit that its instance gives up while it is still on its way. */
    readonly commitLate: number
    /** An instance goes when the database gets, or has answered, what it sent. */
    readonly evictedMidway: number
    readonly tierEmpty: number
    readonly tierOld: number
    readonly tierFails: number
    readonly setLost: number
  }
  readonly rates: {
    readonly isolateDropped: number
    readonly evicted: number
    readonly doubled: number
    readonly objectAway: number
    readonly primaryAway: number
    readonly redisDown: number
    readonly redisFlushed: number
    readonly clockBack: number
    readonly restored: number
  }
}

/**
 * Every kind of trouble is there in about half of all histories, each with a strength of its own; and
 * half of them have a climate, in which what is otherwise rare comes together.
 */
export function someWeather(random: Random, operations: number): Weather {
  const climate = random.chance(0.5) ? random.pick(CLIMATES)(random) : {}
  return { ...mixedWeather(random, operations), ...climate }
}

const NO_CHANCES: Weather['chances'] = {
  cancelled: 0,
  callLost: 0,
  commitLost: 0,
  commitLate: 0,
  evictedMidway: 0,
  tierEmpty: 0,
  tierOld: 0,
  tierFails: 0,
  setLost: 0,
}
const NO_RATES: Weather['rates'] = {
  isolateDropped: 0,
  evicted: 0,
  doubled: 0,
  objectAway: 0,
  primaryAway: 0,
  redisDown: 0,
  redisFlushed: 0,
  clockBack: 0,
  restored: 0,
}
const QUICK: Delay = { usualMs: 2, slowMs: 0, slow: 0 }

const CLIMATES: readonly ((random: Random) => Partial<Weather>)[] = [
  // Nothing goes wrong, and everybody is at the same few records.
  (random) => ({
    clients: 6,
    pauseMs: random.pick([5, 50]),
    hotEntities: 2,
    isolates: 4,
    levels: ['strong', 'session', 'session', 'session'],
    chances: NO_CHANCES,
    rates: NO_RATES,
  }),
  // Calls overtake each other.
  (random) => ({
    clients: 6,
    pauseMs: 300,
    isolates: 1,
    writes: 0.3,
    call: { usualMs: 5, slowMs: 8_000, slow: random.pick([0.1, 0.3]) },
    database: QUICK,
    rates: { ...NO_RATES, evicted: random.pick([0, 1]), restored: random.pick([0, 1]) },
  }),
  // The object hears late of what the database has done, and others see it before.
  (random) => ({
    clients: 8,
    pauseMs: random.pick([5, 50]),
    isolates: 2,
    hotEntities: 2,
    writes: 0.3,
    plainReads: 0.6,
    bookmarksPassed: random.pick([0, 0.4]),
    levels: random.pick([['strong'], ['strong', 'session'], ['session']] as const),
    call: QUICK,
    database: { usualMs: 5, slowMs: 500, slow: 0.4 },
    chances: { ...NO_CHANCES, tierEmpty: 0.6, callLost: random.pick([0, 0.2]) },
    rates: { ...NO_RATES, doubled: random.pick([0, 2]) },
  }),
  // Loads take longer than bounds allow, and many wait for the same.
  (random) => ({
    clients: 8,
    pauseMs: random.pick([50, 300]),
    isolates: 2,
    hotEntities: 2,
    plainReads: 0.9,
    levels: ['bounded', 'session'],
    call: QUICK,
    database: { usualMs: 5, slowMs: 2_000, slow: 0.3 },
    chances: { ...NO_CHANCES, tierEmpty: 0.9, callLost: random.pick([0, 0.3]) },
    rates: { ...NO_RATES, objectAway: random.pick([0, 1]) },
  }),
  // The graph goes back now and again.
  (random) => ({
    clients: 6,
    pauseMs: random.pick([5, 50, 300]),
    isolates: 2,
    hotEntities: 2,
    writes: 0.5,
    plainReads: 0.8,
    watermarks: { buckets: 1_024, maxListed: 65_536 },
    recentEvents: 2_000,
    call: { usualMs: 2, slowMs: random.pick([300, 1_500]), slow: random.pick([0, 0.3]) },
    database: { usualMs: 5, slowMs: 1_000, slow: random.pick([0, 0.2]) },
    chances: { ...NO_CHANCES, tierEmpty: 0.4 },
    rates: { ...NO_RATES, restored: random.pick([1, 4]) },
  }),
  // Nothing can be had but what is there already.
  (random) => ({
    clients: 4,
    pauseMs: 300,
    isolates: 1,
    hotEntities: 2,
    plainReads: 0.7,
    levels: ['bounded', 'bounded', 'session'],
    memoryBytes: 1_000_000,
    chances: NO_CHANCES,
    rates: { ...NO_RATES, objectAway: 1, primaryAway: 2, restored: random.pick([0, 0.5]) },
  }),
]

function mixedWeather(random: Random, operations: number): Weather {
  const some = (most: number) => (random.chance(0.5) ? 0 : random.next() * most)
  const delay = (usualMs: number, slowMs: number): Delay => ({
    usualMs: random.pick([0, 1, usualMs]),
    slowMs: random.pick([slowMs / 10, slowMs]),
    slow: some(0.3),
  })
  const levels = random.pick([
    ['strong'],
    ['session'],
    ['strong', 'session'],
    ['bounded', 'session'],
    ['strong', 'session', 'bounded'],
  ] as const)
  return {
    clients: random.pick([2, 3, 4, 6, 8]),
    operations,
    isolates: random.pick([1, 2, 2, 3, 4]),
    pauseMs: random.pick([0, 5, 50, 300, 1_000]),
    writes: random.pick([0.1, 0.25, 0.5]),
    hotEntities: random.pick([2, 2, 3, 5]),
    plainReads: random.pick([0, 0, 0.5]),
    bookmarksPassed: some(0.3),
    levels,
    memoryBytes: random.pick([12_000, 1_000_000]),
    watermarks: {
      buckets: random.pick([8, 64, 1_024, 1_024, 1_024]),
      maxListed: random.pick([8, 40, 65_536, 65_536]),
    },
    recentEvents: random.pick([1, 4, 20, 2_000]),
    call: delay(5, 4_000),
    database: delay(10, 6_000),
    edge: delay(2, 300),
    redis: delay(5, 1_500),
    chances: {
      cancelled: some(0.1),
      callLost: some(0.1),
      commitLost: some(0.05),
      commitLate: some(0.05),
      evictedMidway: some(0.03),
      tierEmpty: some(0.3),
      tierOld: some(0.5),
      tierFails: some(0.2),
      setLost: some(0.3),
    },
    rates: {
      isolateDropped: some(1),
      evicted: some(1),
      doubled: some(1),
      objectAway: some(0.5),
      primaryAway: some(0.3),
      redisDown: some(0.5),
      redisFlushed: some(1),
      clockBack: some(0.5),
      restored: random.chance(0.15) ? 2 * random.next() : 0,
    },
  }
}

export function delayMs(random: Random, { usualMs, slowMs, slow }: Delay): number {
  return random.below((slow > 0 && random.chance(slow) ? slowMs : usualMs) + 1)
}
