import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createMigrated, type MigratedDatabase } from '../harness/databases.ts'
import {
  createGraph,
  createKey,
  newRegistered,
  newTenant,
  refusedAs,
  register,
  tenantRequest,
} from './tenant-session.ts'

let catalog: MigratedDatabase

beforeAll(async () => {
  catalog = await createMigrated('catalog')
})

afterAll(() => catalog.drop())

describe('a registration', () => {
  it('makes the tenant, its owner and its default graph', async () => {
    const session = await newTenant(catalog.database)
    const command = register()
    const answer = await session.ask(command)
    expect(answer).toMatchObject({
      status: 'committed',
      replayed: false,
      results: [{ op: 0, outcome: 'created', id: session.id, version: 1 }],
    })
    const { email, userId, passwordHash, graphId } = command
    expect(await session.contents(catalog.owner, [email])).toMatchObject({
      tenant: { name: command.tenantName, state: 'active', seq: 1 },
      users: [{ id: userId, email, password_hash: passwordHash }],
      memberships: [{ user_id: userId, role: 'owner' }],
      graphs: [{ id: graphId, name: 'default', shard_id: 'shard-1', epoch: 1, deleted_at: null }],
      keys: [],
    })
  })

  it('with the e-mail address of another leaves nothing behind: email_taken', async () => {
    const email = `${randomUUID()}@example.com`
    await (await newTenant(catalog.database)).ask(register({ email }))
    const session = await newTenant(catalog.database)
    const before = await session.contents(catalog.owner, [email])
    expect(await session.ask(register({ email }))).toMatchObject(refusedAs('email_taken', 0))
    expect(await session.contents(catalog.owner, [email])).toEqual(before)
    expect(before.tenant).toMatchObject({ state: 'pending' })
  })

  it('of one e-mail address by many tenants at once succeeds for exactly one', async () => {
    for (let round = 0; round < 5; round += 1) {
      const email = `${randomUUID()}@example.com`
      const sessions = await Promise.all(
        Array.from({ length: 6 }, () => newTenant(catalog.database)),
      )
      const answers = await Promise.all(sessions.map((each) => each.ask(register({ email }))))
      const refusals = answers.filter(({ status }) => status === 'refused')
      expect(answers.filter(({ status }) => status === 'committed')).toHaveLength(1)
      expect(refusals).toEqual(Array.from({ length: 5 }, () => refusedAs('email_taken', 0)))
      for (const [i, session] of sessions.entries()) {
        if (answers[i]?.status === 'committed') continue
        // The log of a loser is as it was: under the same fence it registers another address.
        expect(await session.ask(register())).toMatchObject({ status: 'committed', seq: 1 })
      }
    }
  })

  it('happens once: another one finds the tenant active', async () => {
    const session = await newRegistered(catalog.database)
    const before = await session.contents(catalog.owner)
    expect(await session.ask(register())).toMatchObject(refusedAs('email_taken', 1))
    expect(await session.contents(catalog.owner)).toEqual(before)
  })

  it('comes before everything else', async () => {
    const session = await newTenant(catalog.database)
    const before = await session.contents(catalog.owner)
    const commands = [
      createKey(),
      createGraph('second'),
      { action: 'revoke_key', keyId: randomUUID() },
      { action: 'delete_graph', graphId: randomUUID() },
    ] as const
    for (const command of commands) {
      expect(await session.ask(command)).toMatchObject(refusedAs('not_found', 0))
    }
    expect(await session.contents(catalog.owner)).toEqual(before)
  })
})

describe('a key', () => {
  it('is kept with its role, who made it and how long it is good', async () => {
    const session = await newRegistered(catalog.database)
    const key = createKey({ expiresAt: '2030-01-02T03:04:05.678Z' })
    await session.commit(tenantRequest(key, { actor: 'user:ada' }))
    const { keys } = await session.contents(catalog.owner)
    expect(keys).toMatchObject([
      { id: key.keyId, hash: key.hash, hint: key.hint, role: 'writer', created_by: 'user:ada' },
    ])
    expect(new Date(String(keys[0]?.expires_at)).toISOString()).toBe(key.expiresAt)
  })

  it('is revoked once: not_found', async () => {
    const session = await newRegistered(catalog.database)
    const { keyId } = createKey()
    await session.ask(createKey({ keyId }))
    const revoke = { action: 'revoke_key', keyId } as const
    expect(await session.ask(revoke)).toMatchObject({ status: 'committed', seq: 3 })
    const before = await session.contents(catalog.owner)
    expect(before.keys).toMatchObject([{ id: keyId, revoked_at: expect.any(String) }])
    expect(await session.ask(revoke)).toMatchObject(refusedAs('not_found', 3))
    expect(await session.contents(catalog.owner)).toEqual(before)
  })

  it('of another tenant cannot be revoked: not_found', async () => {
    const [session, other] = [
      await newRegistered(catalog.database),
      await newRegistered(catalog.database),
    ]
    const { keyId } = createKey()
    await other.ask(createKey({ keyId }))
    const before = await other.contents(catalog.owner)
    const revoke = { action: 'revoke_key', keyId } as const
    expect(await session.ask(revoke)).toMatchObject(refusedAs('not_found', 1))
    expect(await other.contents(catalog.owner)).toEqual(before)
  })
})

describe('a graph', () => {
  it('has a name of its own among those of its tenant: name_taken', async () => {
    const [session, other] = [
      await newRegistered(catalog.database),
      await newRegistered(catalog.database),
    ]
    const graph = createGraph('second')
    expect(await session.ask(graph)).toMatchObject({ status: 'committed', seq: 2 })
    expect(await session.ask(createGraph('second'))).toMatchObject(refusedAs('name_taken', 2))
    expect(await session.ask(createGraph('default'))).toMatchObject(refusedAs('name_taken', 2))
    expect(await other.ask(createGraph('second'))).toMatchObject({ status: 'committed' })
    const { graphs } = await session.contents(catalog.owner)
    expect(graphs).toMatchObject([{ name: 'default' }, { id: graph.graphId, name: 'second' }])
  })

  it('leaves its name to another when it is deleted, which it is once', async () => {
    const session = await newRegistered(catalog.database)
    const { graphId } = createGraph('')
    const gone = { action: 'delete_graph', graphId } as const
    await session.ask({ ...createGraph('second'), graphId })
    expect(await session.ask(gone)).toMatchObject({ status: 'committed', seq: 3 })
    expect(await session.ask(gone)).toMatchObject(refusedAs('not_found', 3))
    expect(await session.ask(createGraph('second'))).toMatchObject({ status: 'committed' })
    const { graphs } = await session.contents(catalog.owner)
    const named = graphs.filter(({ name }) => name === 'second')
    expect(named).toMatchObject([{ deleted_at: expect.any(String) }, { deleted_at: null }])
  })

  it('called default cannot be deleted: last_graph', async () => {
    const session = await newTenant(catalog.database)
    const { graphId, ...rest } = register()
    await session.ask({ ...rest, graphId })
    const before = await session.contents(catalog.owner)
    const gone = { action: 'delete_graph', graphId } as const
    expect(await session.ask(gone)).toMatchObject(refusedAs('last_graph', 1))
    expect(await session.contents(catalog.owner)).toEqual(before)
  })

  it('of another tenant, or nobody’s, cannot be deleted: not_found', async () => {
    const [session, other] = [
      await newRegistered(catalog.database),
      await newRegistered(catalog.database),
    ]
    const graph = createGraph('second')
    await other.ask(graph)
    for (const graphId of [graph.graphId, randomUUID()]) {
      const gone = { action: 'delete_graph', graphId } as const
      expect(await session.ask(gone)).toMatchObject(refusedAs('not_found', 1))
    }
    const { graphs } = await other.contents(catalog.owner)
    expect(graphs.every(({ deleted_at }) => deleted_at === null)).toBe(true)
  })
})
