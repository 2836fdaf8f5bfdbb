/**
 * For vi.waitFor and expect.poll, whose own second is too short for a machine that has other work to do.
 * Only what never comes takes as long.
 */
export const PATIENCE = { timeout: 120_000, interval: 50 }
