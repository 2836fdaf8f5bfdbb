import { z } from 'zod'

const part = z.object({ name: z.string(), rows: z.int() })

/** What has been read of a graph, as it was at one seq. `weightKeys`: of the property of its weights. */
export const gathered = z.object({
  at: z.object({ seq: z.int(), historyId: z.string() }),
  phase: z.enum(['entities', 'relationships', 'done']),
  afterId: z.uuid(),
  afterSeq: z.int(),
  entityParts: z.array(part),
  relationshipParts: z.array(part),
  entityTypes: z.array(z.string()),
  relationshipTypes: z.array(z.string()),
  weightKeys: z.array(z.string()).nullable().default(null),
})
export type Gathered = z.infer<typeof gathered>

export function rowsIn(parts: Gathered['entityParts']): number {
  return parts.reduce((sum, { rows }) => sum + rows, 0)
}
