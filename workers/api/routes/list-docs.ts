import { z } from '@hono/zod-openapi'

/** Documentation of list parameters; `list-params.ts` reads them, since filters have open names. */
export const pageParams = z.object({
  limit: z.string().optional().openapi({ description: '1 to 1,000; default 50.', example: '50' }),
  cursor: z.string().optional().openapi({ description: '`next` of the page before.' }),
})

const listParams = pageParams.extend({
  type: z.string().optional().openapi({ example: 'airport' }),
  external_id: z.string().optional(),
  sort: z.string().optional().openapi({
    description:
      '`created_at` (default), `updated_at`, `version`, `id`, `name` or `properties.<key>`; `-` reverses.',
    example: '-properties.elevation',
  }),
  'properties.{key}': z
    .string()
    .optional()
    .openapi({
      description:
        'Equality by `properties.state=CA`, ranges by `properties.elevation[gte]=100` (also gt, lt, lte). ' +
        'Numbers, true, false, null and "quoted strings" are taken as JSON, anything else as text.',
    }),
})

export const entityListParams = listParams.extend({
  name_prefix: z.string().optional().openapi({
    description: 'Start of the name; case does not count.',
    example: 'San',
  }),
})

export const relationshipListParams = listParams.extend({
  from_id: z.string().optional(),
  to_id: z.string().optional(),
})
