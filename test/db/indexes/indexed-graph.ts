import { randomUUID } from 'node:crypto'
import { type GraphId, graphId, type TenantId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type { Kind } from '../../../core/log/commands.ts'
import type { CommitAnswer, GraphRequest } from '../../../core/log/requests.ts'
import type { DeclaredIndex, IndexMethod, TypeTask } from '../../../core/types/definition.ts'
import { graphLogStore } from '../../../db/commit/graph-log-store.ts'
import type { Fence } from '../../../db/log-store.ts'
import type { TypeTaskProgress } from '../../../db/queries/type-tasks.ts'
import { request } from '../../contracts/graph-log-store/requests.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'

type Declaration = { readonly kind: Kind; readonly name: string }

export const TABLES = {
  composite: 'index_entries',
  text: 'text_entries',
  fulltext: 'fulltext_entries',
  geo: 'geo_entries',
} as const

const COLUMNS = {
  composite: 'key::text',
  text: 'body',
  fulltext: 'document::text',
  geo: 'place::text',
} as const

/** A graph whose types declare indexes, written and read without worker and object. */
export class IndexedGraph {
  readonly address: GraphAddress
  readonly #shard: MigratedDatabase
  #fence: Fence = { seq: 0, epoch: 1, term: 0 }
  #schemaSeq = 0
  readonly #indexes: (DeclaredIndex & Declaration)[] = []

  private constructor(shard: MigratedDatabase, tenant: TenantId, graph: GraphId) {
    this.#shard = shard
    this.address = { kind: 'graph', tenantId: tenant, graphId: graph, shardId: 's', epoch: 1 }
  }

  static async create(
    shard: MigratedDatabase,
    tenant = tenantId(randomUUID()),
  ): Promise<IndexedGraph> {
    const made = new IndexedGraph(shard, tenant, graphId(randomUUID()))
    await shard.owner.query(
      'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
      [tenant, made.address.graphId],
    )
    return made
  }

  get indexes(): readonly (DeclaredIndex & Declaration)[] {
    return this.#indexes
  }

  /** Declares one more index: it is being built from then on. */
  async declare(
    kind: Kind,
    name: string,
    method: IndexMethod,
    fields: readonly string[],
  ): Promise<TypeTaskProgress> {
    const id = randomUUID()
    this.#indexes.push({ kind, name, id, method, fields, status: 'building' } as never)
    await this.#changeType({ kind, name }, [`build:${id}`])
    return this.task({ kind, name }, `build:${id}`)
  }

  /** Takes an index out of its type: its entries are to be removed. */
  async drop(index: DeclaredIndex & Declaration): Promise<TypeTaskProgress> {
    this.#indexes.splice(this.#indexes.indexOf(index), 1)
    await this.#changeType(index, [`drop:${index.id}`], [`build:${index.id}`])
    return this.task(index, `drop:${index.id}`)
  }

  task({ kind, name }: Declaration, task: TypeTask): TypeTaskProgress {
    return { kind, name, task, sinceSeq: this.#schemaSeq, cursor: null, done: 0 }
  }

  async #changeType(
    { kind, name }: Declaration,
    startTasks: readonly TypeTask[],
    endTasks: readonly TypeTask[] = [],
  ): Promise<void> {
    const indexes = this.#indexes
      .filter((index) => index.kind === kind && index.name === name)
      .map(({ kind: _kind, ...index }) => index)
    const after = { json_schema: {}, change: null, indexes }
    const [answer] = await this.commit(
      request({
        types: [
          {
            ...{ op: 0, event: 'type.changed', kind, name, after },
            ...{ onlyIfUnused: false, startTasks, endTasks },
          },
        ],
      }),
    )
    if (answer?.status !== 'committed') throw new Error(JSON.stringify(answer))
    this.#schemaSeq = answer.seq
  }

  /** Commits a group as the graph's object would, validated against the types as they are. */
  async commit(...group: GraphRequest[]): Promise<readonly CommitAnswer[]> {
    const store = graphLogStore(this.#shard.database, this.address)
    const indexMethods = [...new Set(this.#indexes.map(({ method }) => method))]
    const requests = group.map((each) => ({ ...each, schemaSeq: this.#schemaSeq, indexMethods }))
    const { seq, answers } = await store.commit(this.#fence, requests)
    this.#fence = { ...this.#fence, seq }
    return answers
  }

  /** What is stored for an index, in order. */
  async entries({ id, method }: Pick<DeclaredIndex, 'id' | 'method'>): Promise<string[]> {
    const { rows } = await this.#shard.owner.query<{ entry: string }>(
      `select record_id || ' ' || ${COLUMNS[method]} as entry from ${TABLES[method]}
        where tenant_id = $1 and graph_id = $2 and index_id = $3 order by 1`,
      [this.address.tenantId, this.address.graphId, id],
    )
    return rows.map(({ entry }) => entry)
  }

  /** What should be stored for it, from the records as they are. */
  async expectedEntries(index: DeclaredIndex & Declaration): Promise<string[]> {
    const isEntity = index.kind === 'entity'
    const [name, key] = isEntity ? ['name', 'name_key'] : ['null', 'null']
    const expressions = {
      composite: `tendril_index_key($4, ${key}, properties)`,
      text: `tendril_index_body($4, ${key}, properties)`,
      fulltext: `tendril_document(tendril_index_words($4, ${name}, properties))`,
      geo: isEntity ? `tendril_place(latitude, longitude)` : 'null',
    }
    const { rows } = await this.#shard.owner.query<{ entry: string }>(
      `select id || ' ' || (${expressions[index.method]})::text as entry
        from ${isEntity ? 'entities' : 'relationships'}
        where tenant_id = $1 and graph_id = $2 and type = $3 and $4::text[] is not null
          and (${expressions[index.method]}) is not null order by 1`,
      [this.address.tenantId, this.address.graphId, index.name, index.fields],
    )
    return rows.map(({ entry }) => entry)
  }
}
