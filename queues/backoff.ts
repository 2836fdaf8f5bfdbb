const BASE_MS = 1_000
const MAX_MS = 15 * 60_000

/**
 * How long to wait after the `attempts`-th failure in a row: a second, doubled each time up to a quarter
 * of an hour, half of it by chance so that what failed together does not come back together. `random`
 * is in [0, 1).
 */
export function backoffMs(attempts: number, random: number): number {
  const full = Math.min(MAX_MS, BASE_MS * 2 ** Math.min(attempts - 1, 30))
  return Math.round(full / 2 + (full / 2) * random)
}
