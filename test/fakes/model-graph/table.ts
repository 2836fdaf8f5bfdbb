type Row = {
  readonly id: string
  readonly external_id: string | null
  readonly from_id?: string
  readonly to_id?: string
}

const NONE: ReadonlySet<string> = new Set()

/** Rows by id, findable by external id and, where they have ends, by either end. */
export class Table<R extends Row> {
  readonly #rows: Map<string, R>
  readonly #byExternalId = new Map<string, string>()
  readonly #byEnd = new Map<string, Set<string>>()

  constructor(rows: Iterable<R> = []) {
    this.#rows = new Map()
    for (const row of rows) this.set(row)
  }

  get(id: string): R | undefined {
    return this.#rows.get(id)
  }

  named(externalId: string): R | undefined {
    const id = this.#byExternalId.get(externalId)
    return id === undefined ? undefined : this.#rows.get(id)
  }

  /** In the order in which they came to be here. */
  all(): IterableIterator<R> {
    return this.#rows.values()
  }

  /** Those that begin or end at `entityId`; a loop once. */
  idsAt(entityId: string): ReadonlySet<string> {
    return this.#byEnd.get(entityId) ?? NONE
  }

  /** External ids and ends of a row that is there already never change (T2). */
  set(row: R): void {
    this.#rows.set(row.id, row)
    if (row.external_id !== null) this.#byExternalId.set(row.external_id, row.id)
    for (const end of endsOf(row)) {
      const ids = this.#byEnd.get(end)
      if (ids) ids.add(row.id)
      else this.#byEnd.set(end, new Set([row.id]))
    }
  }

  delete(id: string): void {
    const row = this.#rows.get(id)
    if (!row) return
    this.#rows.delete(id)
    if (row.external_id !== null) this.#byExternalId.delete(row.external_id)
    for (const end of endsOf(row)) this.#byEnd.get(end)?.delete(id)
  }
}

function endsOf({ from_id, to_id }: Row): string[] {
  return from_id === undefined || to_id === undefined ? [] : [from_id, to_id]
}
