import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { eventsPage } from './docs/events.ts'

writeFileSync(join(import.meta.dirname, '../docs/events.md'), eventsPage())
