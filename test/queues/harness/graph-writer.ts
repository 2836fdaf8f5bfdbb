import { randomUUID } from 'node:crypto'
import { graphId, tenantId } from '../../../core/ids.ts'
import type { GraphAddress } from '../../../core/log/address.ts'
import type {
  EntityOp,
  GraphRequest,
  OpResult,
  RelationshipOp,
} from '../../../core/log/requests.ts'
import { graphLogStore } from '../../../db/commit/graph-log-store.ts'
import type { Fence } from '../../../db/log-store.ts'
import {
  content,
  createEntity,
  createRelationship,
  remove,
  request,
  update,
} from '../../contracts/graph-log-store/requests.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'

export const SHARD = 's'

/** A graph that is written to at random, through the log's own statement. */
export class GraphWriter {
  readonly graph: GraphAddress
  readonly #shard: MigratedDatabase
  readonly #random: () => number
  #fence: Fence | null = null
  #schemaSeq = 0
  /** Entities there are, and their versions. */
  readonly #entities = new Map<string, number>()

  private constructor(shard: MigratedDatabase, graph: GraphAddress, random: () => number) {
    this.#shard = shard
    this.graph = graph
    this.#random = random
  }

  static async create(
    shard: MigratedDatabase,
    random: () => number,
    tenant: string = randomUUID(),
  ): Promise<GraphWriter> {
    const graph: GraphAddress = {
      kind: 'graph',
      tenantId: tenantId(tenant),
      graphId: graphId(randomUUID()),
      shardId: SHARD,
      epoch: 1,
    }
    await shard.owner.query(
      'insert into graphs (tenant_id, id, history_id) values ($1, $2, gen_random_uuid())',
      [graph.tenantId, graph.graphId],
    )
    return new GraphWriter(shard, graph, random)
  }

  get head(): number {
    return this.#fence?.seq ?? 0
  }

  /** Commits `count` operations on entities and relationships as one request. */
  async write(count: number): Promise<void> {
    const { entities, relationships } = this.#operations(count)
    for (const result of await this.commit({ entities, relationships })) {
      if ('refused' in result) throw new Error(result.refused)
      if (!entities.some(({ op }) => op === result.op)) continue
      if (result.outcome === 'deleted') this.#entities.delete(result.id)
      else this.#entities.set(result.id, result.version)
    }
  }

  /** Commits a request of any kind, and returns what became of its operations. */
  async commit(parts: Partial<GraphRequest>): Promise<readonly OpResult[]> {
    const store = graphLogStore(this.#shard.database, this.graph)
    const fence = this.#fence ?? (await store.open([]))?.fence
    if (!fence) throw new Error('the graph is not there')
    const whole = request({ schemaSeq: this.#schemaSeq, ...parts })
    const { seq, answers } = await store.commit(fence, [whole])
    const [answer] = answers
    if (answer?.status !== 'committed') throw new Error(JSON.stringify(answer))
    this.#fence = { ...fence, seq }
    if (whole.types.length > 0) this.#schemaSeq = seq
    return answer.results
  }

  #operations(count: number) {
    const entities: EntityOp[] = []
    const relationships: RelationshipOp[] = []
    const known = [...this.#entities]
    const touched = new Set<string>()
    for (let op = 0; op < count; op += 1) {
      const roll = this.#random()
      const [id, version] = known[Math.floor(this.#random() * known.length)] ?? []
      if (id === undefined || version === undefined || roll < 0.5 || touched.has(id)) {
        entities.push(
          createEntity({
            op,
            type: `type${Math.floor(this.#random() * 5)}`,
            content: this.#content(),
          }),
        )
      } else if (roll < 0.7) {
        touched.add(id)
        entities.push(update({ id }, version, this.#content(), op))
      } else if (roll < 0.75) {
        touched.add(id)
        entities.push(remove({ id }, null, op))
      } else {
        const other = known[Math.floor(this.#random() * known.length)]?.[0] ?? id
        if (touched.has(other)) continue
        const ends = { from: { id }, to: { id: other } }
        relationships.push(
          createRelationship(ends, { op, content: content({ properties: { op } }) }),
        )
      }
    }
    // What a relationship begins or ends at must not be deleted by the same request.
    const ends = new Set(
      relationships.flatMap((each) => ('from' in each ? [each.from, each.to] : [])).map(nameOf),
    )
    return {
      entities: entities.filter((each) => each.action !== 'delete' || !ends.has(each.id ?? '')),
      relationships,
    }
  }

  #content() {
    const size = Math.floor(this.#random() * 40)
    return content({ name: `näme ${size}`, properties: { size, text: 'ü'.repeat(size) } })
  }
}

function nameOf(end: { readonly id: string } | object): string {
  return 'id' in end ? String(end.id) : ''
}
