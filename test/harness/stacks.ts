/**
 * For each stack that e2e tests run on: which logical databases of a real Redis are its own, as an
 * offset. No other project uses them.
 */
export const REDIS_OFFSETS = [0, 7] as const

/** As many e2e files run at the same time: more of them would be waiting for two cores. */
export const STACKS = REDIS_OFFSETS.length
