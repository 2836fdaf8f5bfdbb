import { sql } from 'drizzle-orm'
import { z } from 'zod'
import type { Database } from '../../db/client.ts'

/** What is read of a node of a plan (EXPLAIN's JSON). */
export type PlanNode = {
  readonly 'Node Type': string
  readonly 'Relation Name'?: string | undefined
  readonly 'Index Name'?: string | undefined
  readonly 'Index Cond'?: string | undefined
  readonly Plans?: readonly PlanNode[] | undefined
}

const node: z.ZodType<PlanNode> = z.looseObject({
  'Node Type': z.string(),
  'Relation Name': z.string().optional(),
  'Index Name': z.string().optional(),
  'Index Cond': z.string().optional(),
  get Plans() {
    return z.array(node).optional()
  },
})
const explained = z.array(z.object({ Plan: node })).length(1)

/** A database that also asks for the plan of each statement, in the batch that runs it, before it. */
export function explaining(database: Database, onPlan: (plan: PlanNode) => void): Database {
  const explainer: Database = {
    batch: (tenantId, statements, options) =>
      explainer.batchWith({ 'tendril.tenant_id': tenantId }, statements, options),
    async batchWith(settings, statements, options) {
      const both = statements.flatMap((statement) => [
        sql`explain (format json) ${statement}`,
        statement,
      ])
      const results = await database.batchWith(settings, both, options)
      for (let i = 0; i < results.length; i += 2) {
        const [plan] = explained.parse(results[i]?.[0]?.['QUERY PLAN'])
        if (plan) onPlan(plan.Plan)
      }
      return results.filter((_, i) => i % 2 === 1)
    },
  }
  return explainer
}

/** All nodes of a plan, each without those below it. */
export function nodesOf({ Plans = [], ...plan }: PlanNode): PlanNode[] {
  return [plan, ...Plans.flatMap(nodesOf)]
}
