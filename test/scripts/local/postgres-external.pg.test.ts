import pg from 'pg'
import { describe, expect, inject, it } from 'vitest'
import { externalPostgres } from '../../../scripts/local/postgres.ts'
import { sentenceOf } from '../../harness/failures.ts'

describe('a server given by URL', () => {
  it('is used as it is', async () => {
    const external = await externalPostgres(inject('pgUrl'))
    await external.stop()
    const client = new pg.Client(external.url('template1'))
    await client.connect()
    const { rows } = await client.query('select current_database() as name')
    await client.end()
    expect(rows).toEqual([{ name: 'template1' }])
  })

  it('takes roles whose names and passwords need escaping', async () => {
    const external = await externalPostgres('postgres://u:p@h:1/postgres?a=b').catch(
      () => undefined,
    )
    expect(external).toBeUndefined()
    const { url } = await externalPostgres(inject('pgUrl'))
    const role = new URL(url('db', { user: 'a@b', password: 'p/w:%' }))
    expect([role.username, role.password].map(decodeURIComponent)).toEqual(['a@b', 'p/w:%'])
  })

  it('that does not answer is named without its password', async () => {
    const message = await sentenceOf(externalPostgres('postgres://me:secret@127.0.0.1:1/postgres'))
    expect(message).toBe(
      'The PostgreSQL that TENDRIL_PG_URL names (127.0.0.1:1) cannot be used: ' +
        'connect ECONNREFUSED 127.0.0.1:1.',
    )
  })

  it('must be a URL', async () => {
    for (const text of ['localhost', 'mysql://a@b/c', '']) {
      expect(await sentenceOf(externalPostgres(text))).toMatch(/^TENDRIL_PG_URL must look like /)
    }
  })
})
