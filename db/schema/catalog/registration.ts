import { pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { at } from '../columns.ts'

/**
 * What happens once in the life of an installation, and to which tenant. A name is there once: of two
 * first owners at the same moment the primary key lets one pass.
 */
export const installation = pgTable('installation', {
  /** `operator`: the tenant whose owner registered with the setup secret. */
  name: text('name').primaryKey(),
  tenantId: uuid('tenant_id').notNull(),
  createdAt: at('created_at').notNull(),
})

/** Leave to register, given by the operator's tenant. Each is good for one registration. */
export const invitations = pgTable(
  'invitations',
  {
    tenantId: uuid('tenant_id').notNull(),
    id: uuid('id').notNull(),
    /** SHA-256 of the code, hex. A code has 160 random bits, so nothing slower is needed. */
    hash: text('hash').notNull(),
    /** The only address that it is good for, in lower case; null: any. */
    email: text('email'),
    createdBy: text('created_by').notNull(),
    createdAt: at('created_at').notNull(),
    expiresAt: at('expires_at').notNull(),
    usedAt: at('used_at'),
    /** The tenant that was registered with it. */
    usedBy: uuid('used_by'),
    revokedAt: at('revoked_at'),
  },
  (table) => [
    primaryKey({ columns: [table.tenantId, table.id] }),
    uniqueIndex('invitations_hash').on(table.hash),
  ],
)
