import { pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import { at, logHead } from '../columns.ts'

/** An organisation; its row is also the head of the tenant's own log. */
export const tenants = pgTable('tenants', {
  id: uuid('id').primaryKey(),
  name: text('name').notNull().default(''),
  /** `pending` until registered, then `active` or `suspended`. */
  state: text('state').notNull().default('pending'),
  ...logHead,
  createdAt: at('created_at').notNull().defaultNow(),
})

/** A person. One person may belong to several tenants. */
export const users = pgTable('users', {
  id: uuid('id').primaryKey(),
  /** Lower case. */
  email: text('email').notNull().unique(),
  /** argon2id in PHC string format. */
  passwordHash: text('password_hash').notNull(),
  createdAt: at('created_at').notNull().defaultNow(),
})

export const memberships = pgTable(
  'memberships',
  {
    tenantId: uuid('tenant_id').notNull(),
    userId: uuid('user_id').notNull(),
    role: text('role').notNull(),
    createdAt: at('created_at').notNull().defaultNow(),
  },
  (table) => [primaryKey({ columns: [table.tenantId, table.userId] })],
)
