import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { type TenantId, tenantId } from '../../core/ids.ts'
import type { CommitAnswer } from '../../core/log/requests.ts'
import type { TenantCommand, TenantRequest } from '../../core/tenant/requests.ts'
import type { Database } from '../../db/client.ts'
import { tenantLogStore } from '../../db/commit/tenant-log-store.ts'
import type { CommittedGroup, Fence, LogStore, OpenedLog } from '../../db/log-store.ts'

type CommandOf<Action> = Extract<TenantCommand, { readonly action: Action }>

export function register(fields: Partial<CommandOf<'register'>> = {}): CommandOf<'register'> {
  return {
    action: 'register',
    tenantName: 'Analytical Engines',
    userId: randomUUID(),
    email: `${randomUUID()}@example.com`,
    passwordHash: '$argon2id$hash',
    graphId: randomUUID(),
    shardId: 'shard-1',
    admission: { by: 'anybody' },
    ...fields,
  }
}

export function createKey(fields: Partial<CommandOf<'create_key'>> = {}): CommandOf<'create_key'> {
  return {
    action: 'create_key',
    keyId: randomUUID(),
    name: 'a key',
    hash: randomUUID(),
    hint: 'tdl_abc',
    role: 'writer',
    expiresAt: null,
    ...fields,
  }
}

export function createGraph(name: string): CommandOf<'create_graph'> {
  return { action: 'create_graph', graphId: randomUUID(), name, shardId: 'shard-2' }
}

export function createInvitation(
  fields: Partial<CommandOf<'create_invitation'>> = {},
): CommandOf<'create_invitation'> {
  return {
    action: 'create_invitation',
    invitationId: randomUUID(),
    hash: randomUUID(),
    email: null,
    expiresInSeconds: 3_600,
    ...fields,
  }
}

/** A request that was never sent before. */
export function tenantRequest(
  command: TenantCommand,
  parts: Partial<TenantRequest> = {},
): TenantRequest {
  return {
    commitId: randomUUID(),
    fingerprint: 'fingerprint',
    actor: 'user:someone',
    requestId: randomUUID(),
    command,
    ...parts,
  }
}

/** The log of a new tenant, opened, and commits that follow each other under its fence. */
export class TenantSession {
  readonly id: TenantId = tenantId(randomUUID())
  readonly store: LogStore<TenantRequest>
  fence: Fence = { seq: 0, epoch: 1, term: 0 }

  constructor(catalog: Database) {
    this.store = tenantLogStore(catalog, this.id)
  }

  async open(commitIds: readonly string[] = []): Promise<OpenedLog> {
    const log = await this.store.open(commitIds)
    if (!log) throw new Error('a tenant always has a log')
    this.fence = log.fence
    return log
  }

  async commit(request: TenantRequest): Promise<CommittedGroup> {
    const committed = await this.store.commit(this.fence, [request])
    this.fence = { ...this.fence, seq: committed.seq }
    return committed
  }

  async ask(command: TenantCommand): Promise<CommitAnswer> {
    const [answer] = (await this.commit(tenantRequest(command))).answers
    if (!answer) throw new Error('a request without an answer')
    return answer
  }

  /** What the catalog holds of the tenant, and of the users with `emails`. */
  async contents(owner: pg.Client, emails: readonly string[] = []): Promise<TenantContents> {
    const all = async (table: string, order: string, key = 'tenant_id') => {
      const { rows } = await owner.query<{ row: Record<string, unknown> }>(
        `select to_jsonb(t) as row from ${table} t where ${key} = $1 order by ${order}`,
        [this.id],
      )
      return rows.map(({ row }) => row)
    }
    const users = await owner.query<{ row: Record<string, unknown> }>(
      'select to_jsonb(u) as row from users u where email = any ($1) order by email',
      [emails],
    )
    return {
      tenant: (await all('tenants', 'id', 'id'))[0] ?? null,
      users: users.rows.map(({ row }) => row),
      memberships: await all('memberships', 'user_id'),
      keys: await all('api_keys', 'created_at, id'),
      graphs: await all('graphs', 'created_at, id'),
      events: await all('events', 'seq'),
      commits: await all('commits', 'commit_id'),
    }
  }
}

type Rows = readonly Readonly<Record<string, unknown>>[]

export type TenantContents = {
  readonly tenant: Readonly<Record<string, unknown>> | null
  readonly users: Rows
  readonly memberships: Rows
  readonly keys: Rows
  readonly graphs: Rows
  readonly events: Rows
  readonly commits: Rows
}

export function refusedAs(code: string, seq: number) {
  return { status: 'refused', seq, refusals: [{ op: 0, refused: code }] }
}

export async function newTenant(catalog: Database): Promise<TenantSession> {
  const session = new TenantSession(catalog)
  await session.open()
  return session
}

/** The tenant of the first owner, of which a catalog has one. */
export async function newOperator(catalog: Database): Promise<TenantSession> {
  const session = await newTenant(catalog)
  const answer = await session.ask(register({ admission: { by: 'setup' } }))
  if (answer.status !== 'committed') throw new Error('this catalog has an operator')
  return session
}

export async function newRegistered(catalog: Database): Promise<TenantSession> {
  const session = await newTenant(catalog)
  await session.ask(register())
  if (session.fence.seq !== 1) throw new Error('the tenant was not registered')
  return session
}
