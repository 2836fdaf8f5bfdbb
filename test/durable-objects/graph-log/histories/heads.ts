import type { Attempt } from './attempts.ts'

/** The highest seq that anybody had been told at any time: the log was at least there. */
export class Heads {
  readonly #told: { readonly at: number; readonly seq: number }[] = []

  constructor(attempts: readonly Attempt[]) {
    let seq = 0
    for (const { told, toldAt } of attempts.toSorted((a, b) => a.toldAt - b.toldAt)) {
      if (told.status !== 'committed' && told.status !== 'refused') continue
      seq = Math.max(seq, told.seq)
      this.#told.push({ at: toldAt, seq })
    }
  }

  before(time: number): number {
    return this.#told.findLast(({ at }) => at < time)?.seq ?? 0
  }
}
