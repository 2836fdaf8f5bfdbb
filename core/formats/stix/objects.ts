import { z } from 'zod'

const id = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]*--[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i,
    'must be a STIX id: <type>--<UUID>',
  )

/** What is relied on of every object; those of unknown types and with other properties are kept. */
export const stixObject = z.looseObject({ type: z.string().min(1), id })

export const stixRelationship = z.looseObject({
  type: z.literal('relationship'),
  id,
  relationship_type: z.string().min(1),
  source_ref: id,
  target_ref: id,
})

export function isStixId(value: unknown): value is string {
  return id.safeParse(value).success
}
