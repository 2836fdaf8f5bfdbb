/** Values by key as they were at every seq. Changes arrive in order of seq. */
export class Timelines<Value> {
  readonly #changes = new Map<string, { readonly seq: number; readonly value: Value | null }[]>()

  /** `null`: the key has no value from `seq` on. */
  set(key: string, seq: number, value: Value | null): void {
    const changes = this.#changes.get(key)
    if (changes) changes.push({ seq, value })
    else this.#changes.set(key, [{ seq, value }])
  }

  /** The value once everything up to `seq` had happened. */
  at(key: string, seq: number): Value | undefined {
    const change = this.#changes.get(key)?.findLast((each) => each.seq <= seq)
    return change?.value ?? undefined
  }

  allAt(seq: number): Value[] {
    return [...this.#changes.keys()]
      .map((key) => this.at(key, seq))
      .filter((value) => value !== undefined)
  }
}

/** Sets by key, which only grow. */
export class Groups {
  readonly #members = new Map<string, Set<string>>()

  add(key: string, member: string): void {
    const members = this.#members.get(key)
    if (members) members.add(member)
    else this.#members.set(key, new Set([member]))
  }

  of(key: string): readonly string[] {
    return [...(this.#members.get(key) ?? [])]
  }
}
