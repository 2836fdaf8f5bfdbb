import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { eventsPage } from '../../../scripts/docs/events.ts'

it('docs/events.md is what the catalogue of events says; `npm run docs:events` writes it', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../docs/events.md'), 'utf8')
  expect(page).toBe(eventsPage())
})
