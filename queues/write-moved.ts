import type { SQL } from 'drizzle-orm'
import type { TenantId } from '../core/ids.ts'
import type { Database } from '../db/client.ts'
import { classOf } from './failures.ts'

/** Writes statements that begin with the move of a checkpoint, unless another run has moved it. */
export async function writeMoved<Step>(
  shard: Database,
  tenantId: TenantId,
  statements: readonly SQL[],
  done: Step,
): Promise<Step | { readonly did: 'overtaken' }> {
  try {
    await shard.batch(tenantId, statements)
    return done
  } catch (error) {
    if (classOf(error) === 'overtaken') return { did: 'overtaken' }
    throw error
  }
}
