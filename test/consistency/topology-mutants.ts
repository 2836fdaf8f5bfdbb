import { replacing } from './replacing.ts'
import type { Mutant } from './tag-mutants.ts'

const WITH = 'workers/operations/topology/with-topology.ts'
const FORWARD = 'workers/operations/topology/bring-forward.ts'
const NAMES = 'workers/operations/topology/while-names-hold.ts'
const CHANGES = 'core/graph/changes.ts'

/** What may go wrong with the topology that an isolate searches. */
export const TOPOLOGY_MUTANTS: readonly Mutant[] = [
  replacing('a delta that skips an event', FORWARD, 'read.events.map', 'read.events.slice(1).map'),
  replacing(
    'a delta that keeps a removed relationship',
    CHANGES,
    'view.overlay.removeEdge(edge, from, to)',
    '',
  ),
  replacing(
    'a delta that is said to reach further than it does',
    FORWARD,
    'Math.max(held.upTo, view.seq)',
    'Math.max(held.upTo, view.seq + 1)',
  ),
  replacing('a base of another history', WITH, 'held?.historyId !== known.historyId', '!held'),
  replacing(
    'a base that is behind',
    WITH,
    'if (copy.lastTouched(GRAPH_TAGS) > held.view.seq) return',
    '',
  ),
  replacing(
    'a search at once in a base that is behind',
    WITH,
    'held === null || held.upTo < known.copy.head',
    'held === null',
  ),
  replacing(
    'a strong search that asks nobody',
    WITH,
    'sufficient(log, freshness)',
    `sufficient(log, { ...freshness, consistency: { level: 'session' } })`,
  ),
  replacing(
    'R2: a strong search that does not report',
    WITH,
    'isStrong && known',
    'false && known',
  ),
  replacing(
    'R5: a search that forgets the bookmark',
    WITH,
    'freshness.bookmark?.seq ?? 0, need',
    '0, need',
  ),
  replacing(
    'R1: names of another seq than the answer',
    NAMES,
    'known.copy.lastTouched(tags) <= names.seq',
    'true',
  ),
  replacing('R8: a search without a bound', WITH, 'isWithin(boundMs(consistency), age)', 'true'),
]
