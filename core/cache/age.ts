/**
 * The later of two times of which something is known. Clocks go back now and then, and leave times
 * behind that are still to come: they say nothing (R8).
 */
export function laterTime(one: number, other: number, now: number): number {
  if (one > now) return other
  return other > now ? one : Math.max(one, other)
}

/** Whether what was known at `knownAt` was at most so old at `arrivedAt`; a time to come proves nothing. */
export function isWithin(
  maxAgeMs: number,
  { knownAt, arrivedAt, now }: { knownAt: number; arrivedAt: number; now: number },
): boolean {
  return knownAt <= now && arrivedAt - knownAt <= maxAgeMs
}
