import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: './db/schema/catalog/*.ts',
  out: './db/migrations/catalog',
})
