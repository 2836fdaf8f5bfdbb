/** How fresh an answer has to be. Ages are milliseconds. */
export type Consistency =
  /** Linearizable per graph. */
  | { readonly level: 'strong' }
  /** At least what the caller's bookmark has seen, and at most `DEFAULT_BOUND_MS` old. */
  | { readonly level: 'session' }
  | {
      readonly level: 'bounded'
      readonly boundMs: number
      /** How much older an answer may be when nothing fresher can be had; 0: rather an error. */
      readonly staleIfErrorMs: number
    }

export const DEFAULT_BOUND_MS = 1_000
const MAX_BOUND_SECONDS = 300
/** What `stale-if-error` without a number allows, and the most that it can. */
const MAX_STALE_SECONDS = 3_600

export const SESSION: Consistency = { level: 'session' }

const SYNTAX = 'must be strong, session or bounded=<seconds>, the last also with stale-if-error'

/**
 * The header `Tendril-Consistency`: `strong`, `session`, `bounded`, `bounded=<seconds>`, and after
 * the last two `; stale-if-error` or `; stale-if-error=<seconds>`. Absent is `session`. A string is
 * what is wrong with it.
 */
export function parseConsistency(header: string | undefined): Consistency | string {
  if (header === undefined) return SESSION
  const [level = '', ...options] = header.split(/[;,]/).map((part) => part.trim())
  if (level === 'strong' || level === 'session') {
    return options.length === 0 ? { level } : `${level} takes no options`
  }
  const bound = /^bounded(?:=(\d+(?:\.\d+)?))?$/.exec(level)
  if (!bound) return SYNTAX
  const boundSeconds = Number(bound[1] ?? DEFAULT_BOUND_MS / 1_000)
  if (boundSeconds > MAX_BOUND_SECONDS) return `bounded allows at most ${MAX_BOUND_SECONDS} seconds`
  let staleSeconds = 0
  for (const option of options) {
    const stale = /^stale-if-error(?:=(\d+))?$/.exec(option)
    if (!stale) return SYNTAX
    staleSeconds = Number(stale[1] ?? MAX_STALE_SECONDS)
    if (staleSeconds > MAX_STALE_SECONDS) {
      return `stale-if-error allows at most ${MAX_STALE_SECONDS} seconds`
    }
  }
  return { level: 'bounded', boundMs: boundSeconds * 1_000, staleIfErrorMs: staleSeconds * 1_000 }
}

/** How old an answer may be at the arrival of its request. */
export function boundMs(consistency: Consistency): number {
  return consistency.level === 'bounded' ? consistency.boundMs : DEFAULT_BOUND_MS
}
