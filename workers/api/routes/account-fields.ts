import { z } from '@hono/zod-openapi'
import { text } from '../schemas.ts'

export const email = z
  .email()
  .max(254)
  .transform((value) => value.toLowerCase())
  .openapi({ type: 'string', format: 'email', example: 'ada@example.com' })

/** What people call a thing; spaces around it do not count. */
export const label = text(200, z.string().trim())
