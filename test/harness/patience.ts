import { newBreaker } from '../../core/cache/guarded-tier.ts'

/**
 * For vi.waitFor and expect.poll, whose own second is too short for a machine that has other work to do.
 * Only what never comes takes as long.
 */
export const PATIENCE = { timeout: 120_000, interval: 50 }

/** For a test's own way to Redis. The worker's gives it a quarter of a second. */
export const patientBreaker = () => newBreaker({ timeoutMs: 60_000, failures: 5, restMs: 1_000 })
