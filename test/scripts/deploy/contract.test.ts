import { describe, expect, it } from 'vitest'
import {
  destructiveStatements,
  isContract,
  prematureContract,
} from '../../../scripts/deploy/contract.ts'
import { migrationsOf } from '../../../scripts/deploy/migrations.ts'

const KINDS = ['catalog', 'shard'] as const

describe.each(KINDS)('the migrations of a %s', (kind) => {
  it.each(migrationsOf(kind).filter(({ tag }) => !isContract(tag)))(
    '$tag takes nothing away, or is called a contract',
    ({ sql }) => {
      expect(destructiveStatements(sql)).toEqual([])
    },
  )

  it('are in the order of their times, so that a newer one is never skipped', () => {
    const times = migrationsOf(kind).map(({ whenMs }) => whenMs)
    expect(times.length).toBeGreaterThan(2)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })
})

describe('a statement is destructive that', () => {
  it.each([
    'DROP TABLE "users";',
    'drop table if exists users cascade',
    'ALTER TABLE "users" DROP COLUMN "email";',
    'ALTER TABLE users DROP email',
    'ALTER TABLE "users" RENAME COLUMN "email" TO "mail";',
    'ALTER TABLE users RENAME TO people',
    'ALTER TABLE "users" ALTER COLUMN "email" SET DATA TYPE uuid;',
    'alter table users alter email type uuid using email::uuid',
    'ALTER TABLE "users" ALTER COLUMN "name" SET NOT NULL;',
    'ALTER TABLE "users" ALTER COLUMN "name" DROP DEFAULT;',
    'TRUNCATE users',
    'DROP FUNCTION tendril_tenant()',
    'DROP POLICY own_tenant ON users',
    'DROP SCHEMA public CASCADE',
    'DROP TYPE mood',
    'REVOKE INSERT ON users FROM tendril_app',
    `CREATE TABLE a (b text);\n--> statement-breakpoint\n/* gone */ DROP\n  TABLE c;`,
  ])('takes something away: %s', (sql) => {
    expect(destructiveStatements(sql)).toHaveLength(1)
  })

  it.each([
    'ALTER TABLE "users" ADD COLUMN "name" text DEFAULT \'\' NOT NULL;',
    'ALTER TABLE "users" ALTER COLUMN "name" DROP NOT NULL;',
    'ALTER TABLE "users" DROP CONSTRAINT "users_email_unique";',
    'DROP INDEX users_name; CREATE INDEX users_name ON users (name, id);',
    'DROP POLICY IF EXISTS p ON users; CREATE POLICY p ON users USING (true);',
    'DROP FUNCTION f(int); CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql AS $$ select 1 $$;',
    '-- DROP TABLE users;\nSELECT 1;',
    "COMMENT ON TABLE users IS 'do not drop table users; it''s; rename';",
    'CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DROP TABLE tmp; END $$;',
    'REVOKE EXECUTE ON FUNCTION f() FROM PUBLIC;',
  ])('and not one that adds, widens or replaces: %s', (sql) => {
    expect(destructiveStatements(sql)).toEqual([])
  })
})

describe('a contract', () => {
  it('is told by its name', () => {
    expect(isContract('0007_contract_old_names')).toBe(true)
    expect(isContract('0007_contracts')).toBe(false)
    expect(isContract('0007_no_contract_here')).toBe(false)
  })

  it('waits where the release before it was never deployed', () => {
    const early = ['0007_new_names', '0008_contract_old_names']
    expect(prematureContract({ isNew: false, tags: early })).toBe('0008_contract_old_names')
    expect(prematureContract({ isNew: true, tags: early })).toBeNull()
    const due = ['0008_contract_old_names', '0009_more']
    expect(prematureContract({ isNew: false, tags: due })).toBeNull()
    expect(prematureContract({ isNew: false, tags: [] })).toBeNull()
  })
})
