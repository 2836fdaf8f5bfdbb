import type { TenantId } from '../../../core/ids.ts'
import type {
  CommitAnswer,
  EndRef,
  EntityOp,
  GraphRequest,
  OpDone,
  RelationshipOp,
} from '../../../core/log/requests.ts'
import type { CommittedGroup, Fence, LogStore, OpenedLog } from '../../../db/log-store.ts'
import type { GraphContents } from '../../harness/graph-log/contents.ts'
import { createEntity, createRelationship, type NewFields, request } from './requests.ts'

/** One graph of a store under contract, and what only its keeper can do with it. */
export type GraphUnderTest = {
  readonly store: LogStore<GraphRequest>
  /** The same graph addressed as another tenant's, or at another epoch. */
  storeAs(other: { readonly tenantId?: TenantId; readonly epoch?: number }): LogStore<GraphRequest>
  contents(): Promise<GraphContents>
  /** What a move to another place leaves behind. */
  setEpoch(epoch: number): Promise<void>
  markDeleted(): Promise<void>
}

type Committed = Extract<CommitAnswer, { status: 'committed' }>

/** The log opened once, and commits that follow each other under its fence. */
export class Session {
  readonly graph: GraphUnderTest
  fence: Fence

  private constructor(graph: GraphUnderTest, fence: Fence) {
    this.graph = graph
    this.fence = fence
  }

  static async open(graph: GraphUnderTest): Promise<Session> {
    const log = await graph.store.open([])
    if (!log) throw new Error('the new graph has no log')
    return new Session(graph, log.fence)
  }

  /** Opens the log again, as the object does when it does not know what became of a commit. */
  async reopen(commitIds: readonly string[] = []): Promise<OpenedLog> {
    const log = await this.graph.store.open(commitIds)
    if (!log) throw new Error('the graph has no log any more')
    this.fence = log.fence
    return log
  }

  async commit(...group: GraphRequest[]): Promise<CommittedGroup> {
    const committed = await this.graph.store.commit(this.fence, group)
    this.fence = { ...this.fence, seq: committed.seq }
    return committed
  }

  /** The answer to a request of these parts, alone in its group. */
  async ask(parts: Partial<GraphRequest>): Promise<CommitAnswer> {
    const { answers } = await this.commit(request(parts))
    const [answer] = answers
    if (!answer || answers.length > 1) throw new Error(`${answers.length} answers to one request`)
    return answer
  }

  async committed(parts: Partial<GraphRequest>): Promise<Committed> {
    const answer = await this.ask(parts)
    if (answer.status !== 'committed') throw new Error(`not committed: ${JSON.stringify(answer)}`)
    return answer
  }

  /** What became of each operation of a committed request. */
  async done(parts: Partial<GraphRequest>): Promise<OpDone[]> {
    const { results } = await this.committed(parts)
    return results.map((result) => {
      if ('refused' in result) throw new Error(`refused: ${JSON.stringify(result)}`)
      return result
    })
  }

  entity(fields: NewFields<EntityOp> = {}): Promise<OpDone> {
    return this.#one({ entities: [createEntity(fields)] })
  }

  relationship(from: EndRef, to: EndRef, fields: NewFields<RelationshipOp> = {}): Promise<OpDone> {
    return this.#one({ relationships: [createRelationship({ from, to }, fields)] })
  }

  async #one(parts: Partial<GraphRequest>): Promise<OpDone> {
    const [done] = await this.done(parts)
    if (!done) throw new Error('a request of one operation has no result')
    return done
  }
}

/** Makes a graph of a new tenant and opens its log. */
export type NewSession = () => Promise<Session>

export const UNKNOWN_ID = '0190a000-0000-7000-8000-00000000dead'

/** A refusal as an answer tells it; `version` only where it is about the version. */
export function refused(op: number, code: string, version?: number) {
  return version === undefined ? { op, refused: code } : { op, refused: code, version }
}
