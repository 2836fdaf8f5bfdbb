import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { tenantId } from '../../core/ids.ts'
import type { Admission } from '../../core/tenant/requests.ts'
import { registrationOutlook } from '../../db/queries/registration.ts'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import { range } from '../harness/sequences.ts'
import {
  createInvitation,
  newOperator,
  newTenant,
  refusedAs,
  register,
  type TenantSession,
  tenantRequest,
} from './tenant-session.ts'

const PERMISSION_DENIED = '42501'

let catalog: MigratedDatabase

beforeEach(async () => {
  catalog = await createMigrated('catalog')
})

afterEach(() => catalog.drop())

const setup: Admission = { by: 'setup' }
const by = (hash: string): Admission => ({ by: 'invitation', hash })
const refused = refusedAs('registration_refused', 0)

async function rows(text: string): Promise<unknown[]> {
  return (await catalog.owner.query(text)).rows
}

/** Who registers with `admission`, all at once; which of them were let in. */
async function race(admission: Admission, howMany: number): Promise<TenantSession[]> {
  const sessions = await Promise.all(range(howMany).map(() => newTenant(catalog.database)))
  const answers = await Promise.all(sessions.map((each) => each.ask(register({ admission }))))
  const winners = sessions.filter((_, i) => answers[i]?.status === 'committed')
  const others = answers.filter(({ status }) => status !== 'committed')
  expect(others).toEqual(others.map(() => refused))
  return winners
}

describe('the first owner', () => {
  it('is registered in the same transaction that marks the installation', async () => {
    const session = await newOperator(catalog.database)
    expect(await rows('select name, tenant_id from installation')).toEqual([
      { name: 'operator', tenant_id: session.id },
    ])
  })

  it('is one of many who try at once', async () => {
    const [winner, ...more] = await race(setup, 6)
    expect(more).toEqual([])
    expect(await rows('select tenant_id from installation')).toEqual([{ tenant_id: winner?.id }])
    expect(await rows('select count(*)::int as n from users')).toEqual([{ n: 1 }])
  })

  it('is followed by no other, and whoever tries leaves no user, graph or event', async () => {
    await newOperator(catalog.database)
    const second = await newTenant(catalog.database)
    const command = register({ admission: setup })
    const before = await second.contents(catalog.owner, [command.email])
    expect(await second.ask(command)).toEqual(refused)
    expect(await second.contents(catalog.owner, [command.email])).toEqual(before)
    expect(before).toMatchObject({ users: [], graphs: [], events: [] })
  })

  it('gets the first answer again when the request is repeated (C3)', async () => {
    const session = await newTenant(catalog.database)
    const request = tenantRequest(register({ admission: setup }))
    const { answers } = await session.commit(request)
    const again = await session.commit(request)
    expect(again.answers).toEqual([{ ...answers[0], replayed: true }])
  })

  it('who does not get in for the e-mail address leaves the place free', async () => {
    const email = `${randomUUID()}@example.com`
    await (await newTenant(catalog.database)).ask(register({ email }))
    const session = await newTenant(catalog.database)
    expect(await session.ask(register({ email, admission: setup }))).toEqual(
      refusedAs('email_taken', 0),
    )
    expect(await rows('select from installation')).toEqual([])
    expect(await race(setup, 1)).toHaveLength(1)
  })

  it('cannot be unmade, remade or forged by the role that serves', async () => {
    const { id } = await newOperator(catalog.database)
    const other = tenantId(randomUUID())
    for (const statement of [
      'delete from installation',
      `update installation set tenant_id = '${other}'`,
      'truncate installation',
      `insert into installation values ('second', '${id}', now())`,
      `insert into installation values ('operator', '${other}', now())`,
    ]) {
      const attempt = catalog.database.batch(id, [sql.raw(statement)])
      await expect(attempt, statement).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
    }
    const again = catalog.database.batch(other, [
      sql.raw(`insert into installation values ('operator', '${other}', now())`),
    ])
    await expect(again).rejects.toMatchObject({ constraint: 'installation_pkey' })
    const seen = await catalog.database.batch(other, [
      sql`select tenant_id, tendril_is_set_up() as done from installation`,
      sql`select tendril_is_set_up() as done`,
    ])
    expect(seen).toEqual([[], [{ done: true }]])
  })
})

describe('an invitation', () => {
  let operator: TenantSession
  let hash: string
  let invitationId: string

  beforeEach(async () => {
    operator = await newOperator(catalog.database)
    ;({ hash, invitationId } = createInvitation())
    await operator.ask(createInvitation({ hash, invitationId }))
  })

  it('lets one in, and says who that was', async () => {
    const [guest] = await race(by(hash), 1)
    expect(await rows('select used_by, used_at is not null as used from invitations')).toEqual([
      { used_by: guest?.id, used: true },
    ])
    expect(await race(by(hash), 1)).toEqual([])
  })

  it('lets one of many in who come at once', async () => {
    for (const _round of range(3)) {
      const command = createInvitation()
      await operator.ask(command)
      expect(await race(by(command.hash), 6)).toHaveLength(1)
    }
  })

  it('gives the guest the first answer again when the request is repeated (C3)', async () => {
    const session = await newTenant(catalog.database)
    const request = tenantRequest(register({ admission: by(hash) }))
    const { answers } = await session.commit(request)
    expect(answers).toMatchObject([{ status: 'committed', replayed: false }])
    expect((await session.commit(request)).answers).toEqual([{ ...answers[0], replayed: true }])
  })

  it('is refused alike when it is unknown, expired, revoked, used, or for another address', async () => {
    const revoked = createInvitation()
    const expired = createInvitation()
    const bound = createInvitation({ email: 'ada@example.com' })
    for (const command of [revoked, expired, bound]) await operator.ask(command)
    await operator.ask({ action: 'revoke_invitation', invitationId: revoked.invitationId })
    await catalog.owner.query('update invitations set expires_at = now() where id = $1', [
      expired.invitationId,
    ])
    await race(by(hash), 1)
    for (const bad of [randomUUID(), revoked.hash, expired.hash, bound.hash, hash, '']) {
      expect(await race(by(bad), 1), bad).toEqual([])
    }
    expect(await rows('select count(*)::int as n from users')).toEqual([{ n: 2 }])
  })

  it('for an address lets that one in', async () => {
    const bound = createInvitation({ email: 'ada@example.com' })
    await operator.ask(bound)
    const guest = await newTenant(catalog.database)
    const command = register({ email: 'ada@example.com', admission: by(bound.hash) })
    expect(await guest.ask(command)).toMatchObject({ status: 'committed' })
  })

  it('stays good when the e-mail address was taken', async () => {
    const email = `${randomUUID()}@example.com`
    await (await newTenant(catalog.database)).ask(register({ email }))
    const guest = await newTenant(catalog.database)
    const command = register({ email, admission: by(hash) })
    expect(await guest.ask(command)).toEqual(refusedAs('email_taken', 0))
    expect(await race(by(hash), 1)).toHaveLength(1)
  })

  it('is either used or revoked, when both are tried at once', async () => {
    for (const _round of range(8)) {
      const command = createInvitation()
      await operator.ask(command)
      const guest = await newTenant(catalog.database)
      const [used, revoked] = await Promise.all([
        guest.ask(register({ admission: by(command.hash) })),
        operator.ask({ action: 'revoke_invitation', invitationId: command.invitationId }),
      ])
      expect([used.status, revoked.status].sort()).toEqual(['committed', 'refused'])
    }
  })

  it('is revoked once, and not after it was used: not_found', async () => {
    const revoke = { action: 'revoke_invitation', invitationId } as const
    expect(await operator.ask(revoke)).toMatchObject({ status: 'committed' })
    expect(await operator.ask(revoke)).toMatchObject(refusedAs('not_found', 3))
    const used = createInvitation()
    await operator.ask(used)
    await race(by(used.hash), 1)
    expect(await operator.ask({ ...revoke, invitationId: used.invitationId })).toMatchObject(
      refusedAs('not_found', 4),
    )
  })

  it('leaves an event in the operator’s log, without its code', async () => {
    await operator.ask({ action: 'revoke_invitation', invitationId })
    const { events } = await operator.contents(catalog.owner)
    expect(events.map(({ seq, kind, subject_id }) => [seq, kind, subject_id])).toEqual([
      [1, 'tenant.registered', operator.id],
      [2, 'invitation.created', invitationId],
      [3, 'invitation.revoked', invitationId],
    ])
    expect(JSON.stringify(events)).not.toContain(hash)
  })

  it('can only be made by the operator’s tenant, whatever the role that serves asks for', async () => {
    const [guest] = await race(by(hash), 1)
    if (!guest) throw new Error('nobody was let in')
    const attempt = guest.commit(tenantRequest(createInvitation()))
    await expect(attempt).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
  })

  it('is seen by its tenant, by whoever names it, and by nobody else', async () => {
    const other = tenantId(randomUUID())
    const all = sql`select id from invitations`
    expect(await catalog.database.batch(other, [all])).toEqual([[]])
    const named = { 'tendril.tenant_id': other, 'tendril.invitation_hash': hash }
    expect(await catalog.database.batchWith(named, [all])).toEqual([[{ id: invitationId }]])
    // Naming it gives leave to use it, in one's own name, and for nothing else.
    for (const change of [`revoked_at = now()`, `used_by = '${randomUUID()}'`]) {
      const attempt = catalog.database.batchWith(named, [
        sql.raw(`update invitations set ${change} where id = '${invitationId}'`),
      ])
      await expect(attempt, change).rejects.toMatchObject({ sqlState: PERMISSION_DENIED })
    }
  })
})

describe('the look before a registration', () => {
  const look = (tenant: string, email: string, admission: Admission) =>
    registrationOutlook(catalog.database, tenantId(tenant), email, admission)

  it('sees what the log would decide, and writes nothing', async () => {
    const [tenant, email] = [randomUUID(), `${randomUUID()}@example.com`]
    const free = { isRegistered: false, isEmailTaken: false, isAdmitted: true }
    expect(await look(tenant, email, { by: 'anybody' })).toEqual(free)
    expect(await look(tenant, email, setup)).toEqual(free)
    expect(await look(tenant, email, by('x'))).toEqual({ ...free, isAdmitted: false })
    expect(await rows('select from tenants')).toEqual([])

    const operator = await newOperator(catalog.database)
    const { hash } = createInvitation()
    await operator.ask(createInvitation({ hash }))
    expect(await look(tenant, email, setup)).toEqual({ ...free, isAdmitted: false })
    expect(await look(tenant, email, by(hash))).toEqual(free)

    const guest = await newTenant(catalog.database)
    expect(await look(guest.id, email, by(hash))).toEqual(free)
    await guest.ask(register({ email, admission: by(hash) }))
    const gone = { isRegistered: true, isEmailTaken: true, isAdmitted: false }
    expect(await look(guest.id, email, by(hash))).toEqual(gone)
  })
})
