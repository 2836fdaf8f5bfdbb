import { FORMAT } from '../../core/cache/codec.ts'
import type { Context } from '../context.ts'
import { isolate, logState } from '../isolate.ts'
import type { Services } from '../services.ts'
import { warmCache } from './warm-cache.ts'
import { warmEach, warmValue } from './warm-value.ts'

/** Hot values that are loaded anew behind one answer. */
const MAX_VALUES = 8
/** How often an isolate looks after the hot values of one log. */
const INTERVAL_MS = 1_000
/** What memory has answered with so often, since it was last told, is hot. */
const MIN_HITS = 3
/** Values looked at, the most recently used first. */
const MAX_LOOKED_AT = 200
/** Less than the 30 seconds that the platform gives to what goes on behind an answer. */
const NEW_FORMAT_MS = 20_000
const DAY_MS = 86_400_000

/**
 * Behind an answer, where the log has moved since: values that memory has answered with often, and
 * that were changed, are loaded anew before the next one asks. At most once a second for each log.
 */
export function keepWarm({ services, access }: Context): void {
  if (!isolate.hasLookedAtFormat) {
    isolate.hasLookedAtFormat = true
    services.waitUntil(warmNewFormat(services))
  }
  const graph = access?.graph
  if (!graph) return
  const state = logState(graph)
  const { known } = state.view
  const now = services.now()
  if (!known || known.copy.head === state.warmedTo) return
  if (now - state.warmedAt < INTERVAL_MS && now >= state.warmedAt) return
  state.warmedTo = known.copy.head
  state.warmedAt = now
  const prefix = services.reader(graph).keyPrefix(known.historyId)
  const names = outdatedHot(prefix, (tags) => known.copy.lastTouched(tags))
  if (names.length === 0) return
  const { tenantState } = access.principal
  services.waitUntil(warmEach(names, (name) => warmValue(services, graph, { name, tenantState })))
}

function outdatedHot(prefix: string, lastTouched: (tags: readonly string[]) => number): string[] {
  const names: string[] = []
  let lookedAt = 0
  for (const [key, held] of isolate.memory.entries()) {
    lookedAt += 1
    if (lookedAt > MAX_LOOKED_AT || names.length >= MAX_VALUES) break
    const isHot = (held.hits ?? 0) >= MIN_HITS && key.startsWith(prefix)
    if (isHot && lastTouched(held.tags) > held.seq) names.push(key.slice(prefix.length))
  }
  return names
}

/** The first isolate that keeps values in a new format fills the shared tiers for the others. */
async function warmNewFormat(services: Services): Promise<void> {
  const ledger = services.ledger()
  const isNew = await ledger?.isFirst(`format:${FORMAT}`, DAY_MS).catch(() => false)
  if (isNew) await warmCache(services, services.now() + NEW_FORMAT_MS).catch(() => 0)
}
