import type { TypeDefinition } from '../../../core/log/records.ts'
import type {
  GraphContents,
  StoredCommit,
  StoredEntity,
  StoredEvent,
  StoredRelationship,
  StoredTask,
} from '../../harness/graph-log/contents.ts'
import { Table } from './table.ts'

/** The row of a graph that the fence looks at (C1). */
export type GraphRow = {
  seq: number
  epoch: number
  term: number
  schemaSeq: number
  historyId: string
  isDeleted: boolean
}

/** What can be gone back to: everything but the fence. Rows are never changed in place. */
export type SavedGraph = Omit<GraphContents, 'head'> & {
  readonly seq: number
  readonly schemaSeq: number
}

/** All that PostgreSQL keeps of one graph, in memory. */
export class ModelGraph {
  readonly tenantId: string
  readonly row: GraphRow
  entities = new Table<StoredEntity>()
  relationships = new Table<StoredRelationship>()
  types = new Map<string, TypeDefinition>()
  tasks = new Map<string, StoredTask>()
  events: StoredEvent[] = []
  commits = new Map<string, StoredCommit>()

  constructor(tenantId: string, historyId: string) {
    this.tenantId = tenantId
    this.row = { seq: 0, epoch: 1, term: 0, schemaSeq: 0, historyId, isDeleted: false }
  }

  contents(): GraphContents {
    const { seq, epoch, term, schemaSeq, historyId } = this.row
    return {
      head: { seq, epoch, term, schema_seq: schemaSeq, history_id: historyId },
      ...this.#tables(),
    }
  }

  save(): SavedGraph {
    const { seq, schemaSeq } = this.row
    return { seq, schemaSeq, ...this.#tables() }
  }

  /** Goes back to what was saved, under a new history (H1). The term rises: what was sent is void. */
  restore(saved: SavedGraph, historyId: string): void {
    const { seq, schemaSeq } = saved
    Object.assign(this.row, { seq, schemaSeq, historyId, term: this.row.term + 1 })
    this.entities = new Table(saved.entities)
    this.relationships = new Table(saved.relationships)
    this.types = new Map(saved.types.map((type) => [typeKey(type.kind, type.name), type]))
    this.tasks = new Map(saved.tasks.map((task) => [taskKey(task), task]))
    this.events = [...saved.events]
    this.commits = new Map(saved.commits.map((commit) => [commit.commit_id, commit]))
  }

  #tables(): Omit<GraphContents, 'head'> {
    return {
      entities: [...this.entities.all()].sort(by(({ id }) => id)),
      relationships: [...this.relationships.all()].sort(by(({ id }) => id)),
      types: [...this.types.values()].sort(by(({ kind, name }) => typeKey(kind, name))),
      tasks: [...this.tasks.values()].sort(by(taskKey)),
      events: [...this.events],
      commits: [...this.commits.values()].sort(by(({ commit_id }) => commit_id)),
    }
  }
}

export function typeKey(kind: 'entity' | 'relationship', name: string): string {
  return `${kind}:${name}`
}

function taskKey({ kind, name, task }: StoredTask): string {
  return `${typeKey(kind, name)}:${task}`
}

function by<T>(key: (value: T) => string): (a: T, b: T) => number {
  return (a, b) => (key(a) < key(b) ? -1 : 1)
}
