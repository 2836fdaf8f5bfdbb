import { z } from '@hono/zod-openapi'

/** Documentation of list parameters; `list-params.ts` reads them, since filters have open names. */
export const pageParams = z.object({
  limit: z.string().optional().openapi({ description: '1 to 1,000; default 50.', example: '50' }),
  cursor: z.string().optional().openapi({ description: '`next` of the page before.' }),
})

const listParams = pageParams.extend({
  type: z.string().optional().openapi({ example: 'airport' }),
  external_id: z.string().optional(),
  sort: z
    .string()
    .optional()
    .openapi({
      description:
        '`created_at` (default), `updated_at`, `version`, `id`, `name` or `properties.<key>`; `-` reverses. ' +
        'Of a property: null and absent, strings by code point, numbers, false, true, arrays, objects; of long texts the first 200 bytes count.',
      example: '-properties.elevation',
    }),
  'properties.{key}': z
    .string()
    .optional()
    .openapi({
      description:
        'Equality by `properties.state=CA`, ranges by `properties.elevation[gte]=100` (also gt, lt, lte). ' +
        'Numbers, true, false, null and "quoted strings" are taken as JSON, anything else as text. ' +
        '`properties.note[contains]=text` finds a part of a string, as it is written. ' +
        'With a `type` that declares an index of these properties, lists are read by it.',
    }),
  search: z
    .string()
    .optional()
    .openapi({
      description:
        'Words to find, as in a search box: all of them, `or`, `-without`, `"a phrase"`. Needs `type` and a ' +
        'fulltext index on it. Best first, unless `sort` says otherwise.',
      example: 'santa "new mexico" -base',
    }),
})

export const entityListParams = listParams.extend({
  name_prefix: z.string().optional().openapi({
    description: 'Start of the name; case does not count.',
    example: 'San',
  }),
  'name[contains]': z
    .string()
    .optional()
    .openapi({ description: 'A part of the name; case does not count.', example: 'field' }),
  near: z
    .string()
    .optional()
    .openapi({
      description:
        '`latitude,longitude`: what lies there, nearest first unless `sort` says otherwise. Needs `type` and a ' +
        'geo index on it.',
      example: '37.62,-122.38',
    }),
  radius_m: z.string().optional().openapi({
    description:
      'With `near`: at most so many metres away, along the ground. Default: any distance.',
    example: '100000',
  }),
})

export const relationshipListParams = listParams.extend({
  from_id: z.string().optional(),
  to_id: z.string().optional(),
})
