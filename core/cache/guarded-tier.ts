import {
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
  type IPolicy,
  isBrokenCircuitError,
  TimeoutStrategy,
  timeout,
  wrap,
} from 'cockatiel'
import type { Claim, LeasingTier, Tier } from './tier.ts'

export type Guard = {
  /** How long a call may take: a tier slower than that is no help. */
  readonly timeoutMs: number
  /** Failures in a row after which the tier is left alone. */
  readonly failures: number
  /** How long it is left alone before one call tries it again. */
  readonly restMs: number
}

export const GUARD: Guard = { timeoutMs: 250, failures: 5, restMs: 5_000 }

/** A tier's breaker and deadline. It outlives requests; the tier, which does I/O, must not. */
export function newBreaker({ timeoutMs, failures, restMs }: Guard = GUARD): IPolicy {
  const breaker = circuitBreaker(handleAll, {
    breaker: new ConsecutiveBreaker(failures),
    halfOpenAfter: restMs,
  })
  return wrap(breaker, timeout(timeoutMs, TimeoutStrategy.Aggressive))
}

/** A tier behind its breaker: what fails or takes too long rejects, and while it rests it has nothing. */
export function guardedTier(tier: Tier, breaker: IPolicy): Tier {
  async function run<T>(call: () => Promise<T>, whileResting: T): Promise<T> {
    try {
      return await breaker.execute(call)
    } catch (error) {
      if (error instanceof Error && isBrokenCircuitError(error)) return whileResting
      throw error
    }
  }
  return {
    name: tier.name,
    get: (keys) => run(() => tier.get(keys), []),
    set: (entries) => run(() => tier.set(entries), undefined),
    delete: (keys) => breaker.execute(() => tier.delete(keys)),
    ...(tier.leases && { leases: guardedLeases(tier.leases, run) }),
  }
}

/** Who cannot ask whether somebody loads a value loads it, without delay. */
function guardedLeases(
  leases: LeasingTier,
  run: <T>(call: () => Promise<T>, whileResting: T) => Promise<T>,
): LeasingTier {
  return {
    claim: (key, above) => run<Claim>(() => leases.claim(key, above), { is: 'ours' }),
    release: (keys) => run(() => leases.release(keys), undefined),
  }
}
