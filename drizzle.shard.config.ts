import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/shard/*.ts',
  out: './db/migrations/shard',
})
