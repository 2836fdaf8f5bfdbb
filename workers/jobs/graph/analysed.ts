import { z } from 'zod'
import type { Filters } from '../../../core/graph/engine.ts'

/** What every analysis of a graph takes: the types that it is of (`null`: all), and the name of its file. */
export const analysed = {
  types: z.array(z.string()).nullable(),
  entityTypes: z.array(z.string()).nullable(),
  fileName: z.string(),
}

const params = z.object(analysed)
export type Analysed = z.infer<typeof params>

export function filtersOf({ types, entityTypes }: Analysed): Filters {
  return { ...(types && { types }), ...(entityTypes && { entityTypes }) }
}
