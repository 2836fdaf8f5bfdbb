import { DurableObject } from 'cloudflare:workers'
import type { LogHead } from '../../core/cache/log-view.ts'
import { isAppError } from '../../core/errors.ts'
import type { GraphAddress, LogAddress, TenantAddress } from '../../core/log/address.ts'
import { isOfHistory } from '../../core/log/etag.ts'
import { footprint } from '../../core/log/footprint.ts'
import type { CommitAnswer, GraphRequest } from '../../core/log/requests.ts'
import type { TenantRequest } from '../../core/tenant/requests.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { prepareRows } from '../../db/commit/payload.ts'
import { tenantLogStore } from '../../db/commit/tenant-log-store.ts'
import { openCatalog, openShard } from '../../db/databases.ts'
import { parseEnv, type RawEnv } from '../../env.ts'
import { headSince, LogRunner, type RunnerHead, type RunnerOptions } from './runner.ts'
import { tenantFootprint } from './tenant-footprint.ts'
import type { WriterOptions } from './writer.ts'

/** The answer to a write and, where that is worth it, what has changed in the log since. */
export type Committed = { readonly answer: CommitAnswer; readonly head: LogHead | null }

/**
 * The Durable Object of one log: a shell that hands requests to the writer. Everything it holds is
 * a cache of the log's head; what is acknowledged is in PostgreSQL.
 */
export class GraphLog extends DurableObject<RawEnv> {
  /** What a benchmark sets otherwise; the runner's own defaults serve. */
  protected readonly options: Partial<WriterOptions> = {}
  #graph: LogRunner<GraphRequest> | null = null
  #tenant: LogRunner<TenantRequest> | null = null

  /** `since` is the head of the caller's watermarks; `null` when it has none to bring forward. */
  async commit(
    log: GraphAddress,
    request: GraphRequest,
    since: number | null = null,
  ): Promise<Committed> {
    const runner = this.#graphRunner(log)
    const refusal = await otherHistory(runner, request)
    if (refusal) return { answer: refusal, head: null }
    return committed(await runner.submit(request), runner.head, since)
  }

  async commitTenant(
    log: TenantAddress,
    request: TenantRequest,
    since: number | null = null,
  ): Promise<Committed> {
    const runner = this.#tenantRunner(log)
    return committed(await runner.submit(request), runner.head, since)
  }

  /** As the runner's; synchronous where that suffices, which C2 rests on. */
  watermarks(log: LogAddress, since: number, atLeast: number): LogHead | Promise<LogHead> {
    const runner = log.kind === 'graph' ? this.#graphRunner(log) : this.#tenantRunner(log)
    return runner.watermarks(since, atLeast)
  }

  #runnerOptions(): RunnerOptions {
    return { ...this.options, confirmInstance: () => this.#confirmInstance() }
  }

  /**
   * After an await another instance may have taken over: reading our own storage makes the platform
   * check, and rejects if so (C2).
   */
  #confirmInstance(): Promise<unknown> {
    return this.ctx.storage.get('instance-check')
  }

  #graphRunner(log: GraphAddress): LogRunner<GraphRequest> {
    this.#graph ??= new LogRunner(
      graphLogStore(openShard(parseEnv(this.env), log.shardId), log),
      (request) => footprint(request, prepareRows(request)),
      this.#runnerOptions(),
    )
    return this.#graph
  }

  #tenantRunner(log: TenantAddress): LogRunner<TenantRequest> {
    this.#tenant ??= new LogRunner(
      tenantLogStore(openCatalog(parseEnv(this.env)), log.tenantId),
      tenantFootprint,
      this.#runnerOptions(),
    )
    return this.#tenant
  }
}

/** The refusal of what names versions of another history than the log's (H1); `null`: it does not. */
async function otherHistory(
  runner: LogRunner<GraphRequest>,
  { seenHistory }: GraphRequest,
): Promise<CommitAnswer | null> {
  if (seenHistory === undefined) return null
  try {
    const { historyId, watermarks } = runner.head ?? (await runner.headFrom(0))
    if (isOfHistory(seenHistory, historyId)) return null
    const refusals = [{ op: 0, refused: 'version_mismatch' as const }]
    return { status: 'refused', seq: watermarks.head, refusals }
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return { status: 'no_such_log' }
    return { status: 'not_committed', reason: 'the log could not be opened' }
  }
}

/** Buckets beyond which an answer to a write does not tell what changed: whoever reads asks for it. */
const MAX_TOLD_BUCKETS = 10_000

/**
 * A commit that passed the fence came from the only instance there was then, which knew of all
 * before it: its caller needs no call of his own to learn what changed.
 */
function committed(answer: CommitAnswer, head: RunnerHead | null, since: number | null): Committed {
  const tells = answer.status === 'committed' && !answer.replayed && head !== null && since !== null
  const told = tells ? headSince(head, since) : null
  const isSmall = told !== null && told.watermarks.buckets.length <= MAX_TOLD_BUCKETS
  return { answer, head: isSmall ? told : null }
}
