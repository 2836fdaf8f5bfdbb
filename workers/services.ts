import { v7 } from 'uuid'
import {
  type GraphAddress,
  type LogAddress,
  logName,
  type TenantAddress,
} from '../core/log/address.ts'
import type { CommitAnswer, GraphRequest } from '../core/log/requests.ts'
import type { Now } from '../core/now.ts'
import type { TenantRequest } from '../core/tenant/requests.ts'
import type { Database } from '../db/client.ts'
import { openCatalog, openShard } from '../db/databases.ts'
import type { Env } from '../env.ts'

/** Who may register; see env.ts. */
export type Registration = {
  readonly mode: Env['TENDRIL_REGISTRATION']
  /** `null`: there is none, so no first owner can be made. */
  readonly setupSecret: string | null
}

/** Everything an operation may use of the outside world. */
export type Services = {
  readonly catalog: Database
  readonly shard: (shardId: string) => Database
  /** Where a new graph goes. */
  readonly shardForNewGraph: () => string
  readonly commit: (log: GraphAddress, request: GraphRequest) => Promise<CommitAnswer>
  readonly commitTenant: (log: TenantAddress, request: TenantRequest) => Promise<CommitAnswer>
  /** A new time-ordered id (RFC 9562, version 7): neighbours in time are neighbours in an index. */
  readonly newId: () => string
  readonly now: Now
  readonly jwtSecret: string
  readonly registration: Registration
  readonly shardIds: readonly string[]
}

/** The composition root: built per request, since the runtime ties I/O objects to one. */
export function services(env: Env): Services {
  return {
    catalog: openCatalog(env),
    shard: (shardId) => openShard(env, shardId),
    shardForNewGraph: () => env.TENDRIL_SHARDS[0]?.id ?? '',
    commit: (log, request) => answered(logObject(env, log).commit(log, request)),
    commitTenant: (log, request) => answered(logObject(env, log).commitTenant(log, request)),
    newId: () => v7(),
    now: () => Date.now(),
    jwtSecret: env.TENDRIL_JWT_SECRET,
    registration: {
      mode: env.TENDRIL_REGISTRATION,
      setupSecret: env.TENDRIL_SETUP_SECRET || null,
    },
    shardIds: env.TENDRIL_SHARDS.map(({ id }) => id),
  }
}

/** A call whose object went away, or was too busy to take it: an earlier call with its id may count. */
async function answered(call: Promise<CommitAnswer>): Promise<CommitAnswer> {
  try {
    return await call
  } catch (error) {
    const reason = error instanceof Error ? error.message : 'the log did not answer'
    return { status: 'outcome_unknown', reason }
  }
}

/** What a log's object answers: its RPC methods, as plain promises of plain data. */
type LogObject = {
  commit(log: GraphAddress, request: GraphRequest): Promise<CommitAnswer>
  commitTenant(log: TenantAddress, request: TenantRequest): Promise<CommitAnswer>
}

/** The one place where a log's object is found: its name contains the epoch. */
function logObject(env: Env, log: LogAddress): LogObject {
  const stub: unknown = env.GRAPH_LOG.getByName(logName(log))
  return stub as LogObject
}
