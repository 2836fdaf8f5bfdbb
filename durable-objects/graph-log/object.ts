import { DurableObject } from 'cloudflare:workers'
import type { LogHead } from '../../core/cache/log-view.ts'
import type { GraphAddress, LogAddress, TenantAddress } from '../../core/log/address.ts'
import { footprint } from '../../core/log/footprint.ts'
import type { GraphRequest } from '../../core/log/requests.ts'
import type { TenantRequest } from '../../core/tenant/requests.ts'
import { graphLogStore } from '../../db/commit/graph-log-store.ts'
import { prepareRows } from '../../db/commit/payload.ts'
import { tenantLogStore } from '../../db/commit/tenant-log-store.ts'
import { openCatalog, openShard } from '../../db/databases.ts'
import { parseEnv, type RawEnv } from '../../env.ts'
import { pointerTo, toMessage } from '../../queues/messages.ts'
import { Announcer } from './announcer.ts'
import { type Committed, committed } from './committed.ts'
import { otherHistory } from './other-history.ts'
import { LogRunner, type RunnerOptions } from './runner.ts'
import { tenantFootprint } from './tenant-footprint.ts'
import type { WriterOptions } from './writer.ts'

/**
 * The Durable Object of one log: a shell that hands requests to the writer. Everything it holds is
 * a cache of the log's head; what is acknowledged is in PostgreSQL.
 */
export class GraphLog extends DurableObject<RawEnv> {
  /** What a benchmark sets otherwise; the runner's own defaults serve. */
  protected readonly options: Partial<WriterOptions> = {}
  #graph: LogRunner<GraphRequest> | null = null
  #tenant: LogRunner<TenantRequest> | null = null
  #announcer: Announcer | null = null

  /** `since` is the head of the caller's watermarks; `null` when it has none to bring forward. */
  async commit(
    log: GraphAddress,
    request: GraphRequest,
    since: number | null = null,
  ): Promise<Committed> {
    const runner = this.#graphRunner(log)
    const refusal = await otherHistory(runner, request)
    if (refusal) return { answer: refusal, head: null }
    const answer = await runner.submit(request)
    if (answer.status === 'committed' && !answer.replayed) this.#announce(log)
    return committed(answer, runner.head, since)
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

  /** Tells the consumers that there is something to read. Whoever waits for the commit does not wait for it. */
  #announce(log: GraphAddress): void {
    this.#announcer ??= new Announcer({
      send: () => parseEnv(this.env).LOG_QUEUE.send(toMessage(pointerTo(log))),
      now: Date.now,
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    })
    const work = this.#announcer.announce()
    if (work) this.ctx.waitUntil(work)
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
