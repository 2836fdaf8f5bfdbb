import { replacing } from './replacing.ts'
import { type Mutant, TAG_MUTANTS } from './tag-mutants.ts'
import { TOPOLOGY_MUTANTS } from './topology-mutants.ts'

const READ = 'core/cache/read.ts'
const HELD = 'core/cache/held.ts'
const VIEW = 'core/cache/log-view.ts'
const AWAY = 'core/cache/without-log.ts'
const COPY = 'core/log/watermarks-copy.ts'
const MARKS = 'core/log/watermarks.ts'
const READ_TAGS = 'core/log/read-tags.ts'
const ISOLATE = 'test/consistency/simulator/isolate.ts'
const UNCHANGED = 'core/cache/unchanged.ts'
const RUNNER = 'durable-objects/graph-log/runner.ts'

export const MUTANTS: readonly Mutant[] = [
  ...TAG_MUTANTS,
  replacing('T3: neighbours without their relationships', READ_TAGS, `\`n:\${id}\`, `, ''),
  replacing('T3: neighbours without their entity', READ_TAGS, `\`e:\${id}\`, `, ''),
  replacing(
    'T3: neighbours without the entities they show',
    READ_TAGS,
    `, ...shown.map(({ entity }) => \`e:\${entity.id}\`)`,
    '',
  ),
  replacing('R1: parts of different seqs', READ, 'upTo < seq || upTo < floor', 'upTo < floor'),
  replacing('R1: below the floor', READ, 'upTo < seq || upTo < floor', 'upTo < seq'),
  replacing('R2: no report', READ, '(isStrong || upTo < seq)', '(upTo < seq)'),
  replacing('R2: a report of nothing', VIEW, 'await ask(since, atLeast)', 'await ask(since, 0)'),
  replacing(
    'R3: a seq of another snapshot',
    ISOLATE,
    'back(() => resolve({ seq, historyId, values }))',
    'back(() => resolve({ seq: primary.graph.row.seq, historyId, values }))',
  ),
  replacing('R4: joins any call', VIEW, 'underWay.number > after', 'true'),
  replacing('R4: joins a call that asked for less', VIEW, ' && outcome.copy.head >= atLeast', ''),
  replacing('R4: an old call for an answer', VIEW, 'known.call > after && ', ''),
  replacing('R4: the call before for an answer', VIEW, 'known.call > after', 'known.call >= after'),
  replacing(
    'R4: known, but less than asked for',
    VIEW,
    'known.call > after && known.copy.head >= atLeast',
    'known.call > after',
  ),
  replacing(
    'R4: counts calls of before the request',
    ISOLATE,
    'after: isolate.view.calls',
    'after: 0',
  ),
  replacing(
    'R4: learns at the time of the answer',
    VIEW,
    'void {\n    this.#merge(head, begun, now)',
    'void {\n    this.#merge(head, { ...begun, askedAt: now() }, now)',
  ),
  replacing(
    'R4: learns under the number of the answer',
    VIEW,
    'void {\n    this.#merge(head, begun, now)',
    'void {\n    this.#merge(head, this.begin(() => begun.askedAt), now)',
  ),
  replacing(
    'R4: merges what begins above its head',
    COPY,
    'if (diff.since > this.#head) return false',
    '',
  ),
  replacing(
    'R4: merges without the maximum',
    COPY,
    'Math.max(seq, this.#listed.get(bucket) ?? 0))\n    }\n    if',
    'seq)\n    }\n    if',
  ),
  replacing(
    'R5: forgets the bookmark',
    HELD,
    'Math.max(bookmark?.seq ?? 0, seq, ',
    'Math.max(seq, ',
  ),
  replacing(
    'R5: forgets what it says',
    HELD,
    '(bookmark?.seq ?? 0, seq, ',
    '(bookmark?.seq ?? 0, ',
  ),
  replacing(
    'R5: forgets what a strong read was told',
    HELD,
    ", consistency.level === 'strong' ? told : 0)",
    ')',
  ),
  replacing('R5: takes a bookmark for reached', READ, ' && known.copy.head >= bookmark.seq', ''),
  replacing(
    'R5: takes a bookmark of any history for reached',
    READ,
    'known.historyId === bookmark.historyId && ',
    '',
  ),
  replacing(
    'R5: accepts a bookmark of any history',
    AWAY,
    'if (bookmark.historyId !== historyId) {\n    throw',
    'if (false) {\n    throw',
  ),
  replacing(
    'R6: strong without its log',
    READ,
    "if (consistency.level !== 'strong') return null",
    'if (true) return null',
  ),
  replacing('R7: joins a load that is too old', AWAY, '!(isYoung && reaches)', '!reaches'),
  replacing('R7: joins a load of before its bookmark', AWAY, '!(isYoung && reaches)', '!isYoung'),
  replacing('R8: negative ages', 'core/cache/age.ts', 'knownAt <= now && ', ''),
  replacing(
    'R8: watermarks as young as the answer',
    VIEW,
    'laterTime(known.askedAt, askedAt, now())',
    'now()',
  ),
  replacing(
    'R8: values as young as the look',
    HELD,
    'held.knownAt = laterTime(held.knownAt, askedAt, now)',
    'held.knownAt = now',
  ),
  replacing(
    'R8: loads as young as their end',
    'core/cache/load-and-store.ts',
    'return { began, result }',
    'return { began: log.now(), result }',
  ),
  replacing(
    'ETags: of a version before the last',
    UNCHANGED,
    'isVersion ? seq === last : seq >= last',
    'true',
  ),
  replacing('ETags: of any history', UNCHANGED, 'isOfHistory(history, historyId)', 'true'),
  replacing(
    'memory at once: ahead of the head that was told',
    READ,
    ' || held.seq > copy.head',
    '',
  ),
  replacing('memory at once: not current', READ, 'if (held.upTo < copy.head) return null', ''),
  replacing('R8: any age', 'core/cache/age.ts', ' && arrivedAt - knownAt <= maxAgeMs', ''),
  replacing(
    'strong reads rely on young watermarks',
    READ,
    "consistency.level === 'strong' || known === null",
    'known === null',
  ),
  replacing('old watermarks', READ, '!reaches || !isWithin(bound, age)', '!reaches'),
  replacing(
    'values without a look at their tags',
    HELD,
    'if (copy.lastTouched(held.tags) > held.seq) return',
    '',
  ),
  replacing(
    'joined loads of any age',
    READ,
    'held.upTo >= known.copy.head || isYoung(log, request, held))',
    'true || isYoung(log, request, held))',
  ),
  replacing(
    'H1: loads of another history',
    READ,
    'if (historyId !== known.historyId) return null',
    '',
  ),
  replacing(
    'H1: watermarks of another history',
    VIEW,
    'known?.historyId !== historyId',
    'known === null',
  ),
  replacing(
    'H1: keeps loads under another history',
    'core/cache/load-and-store.ts',
    'log.keyPrefix(historyId)',
    'log.keyPrefix(log.view.known?.historyId ?? historyId)',
  ),
  replacing('stale-if-error: parts of different seqs', AWAY, 'upTo < seq || ', ''),
  replacing('stale-if-error: older than its bookmark', AWAY, ' || upTo < (bookmark?.seq ?? 0)', ''),
  replacing(
    'stale-if-error: of any age',
    AWAY,
    'if (!areWithin(consistency.boundMs + consistency.staleIfErrorMs)) return null',
    '',
  ),
  replacing(
    'stale-if-error: does not say so',
    AWAY,
    '!areWithin(consistency.boundMs) }',
    'false }',
  ),
  replacing(
    'copies: the base is not raised',
    COPY,
    'if (diff.base > this.#base) this.#raiseBase(diff.base)',
    '',
  ),
  replacing(
    'copies: the base does not count',
    COPY,
    'Math.max(last, listed, this.#base)',
    'Math.max(last, listed)',
  ),
  replacing('copies: not resized', COPY, 'this.#listed = resized', ''),
  replacing('watermarks: grown by half', MARKS, '        [bucket + half, seq],\n', ''),
  replacing(
    'watermarks: folded and forgotten',
    MARKS,
    `this.#base = Math.max(this.#base, seqs[count - 1] ?? 0)
    this.#listed = new Map([...this.#listed].filter(([, seq]) => seq > this.#base))`,
    `const folded = seqs[count - 1] ?? 0
    this.#listed = new Map([...this.#listed].filter(([, seq]) => seq > folded))`,
  ),
  replacing(
    'watermarks: a difference without its first',
    MARKS,
    'if (seq <= since) break',
    'if (seq <= since + 1) break',
  ),
  replacing(
    'watermarks: rebuilt from nothing',
    RUNNER,
    'new Watermarks(oldest - 1, ',
    'new Watermarks(0, ',
  ),
  replacing(
    'C2: never asks the database again',
    RUNNER,
    'head !== null && head.watermarks.head >= Math.max(since, atLeast)',
    'head !== null',
  ),
  replacing(
    'C2: an instance that was replaced goes on',
    RUNNER,
    'await this.#confirmInstance()\n      const',
    'const',
  ),
]

/** The file as the mutant has it. */
export function mutated(name: string, file: string, source: string): string {
  const mutant = [...MUTANTS, ...TOPOLOGY_MUTANTS].find((each) => each.name === name)
  if (!mutant) throw new Error(`no mutant ${name}`)
  return mutant.file === file ? mutant.change(source) : source
}
