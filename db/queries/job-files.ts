import { sql } from 'drizzle-orm'
import type { JobFile, JobResult } from '../../core/jobs/job.ts'
import type { Database } from '../client.ts'
import type { JobName } from './jobs.ts'
import { runRead } from './snapshot.ts'

export type FoundFile = { readonly file: JobFile; readonly finishedAt: string }

/** The file at this place among those of a job; `null`: there is none, or its tenant is suspended. */
export async function getFile(
  catalog: Database,
  { tenantId, id, file: index }: JobName & { readonly file: number },
): Promise<FoundFile | null> {
  const [rows] = await runRead(() =>
    catalog.batch(
      tenantId,
      [
        sql`select j.result, j.finished_at from jobs j join tenants t on t.id = j.tenant_id
          where j.tenant_id = ${tenantId}::uuid and j.id = ${id}::uuid
            and j.state = 'succeeded' and t.state = 'active'`,
      ],
      { mode: 'snapshot' },
    ),
  )
  const [row] = rows ?? []
  const file = (row?.result as JobResult | undefined)?.files[index]
  return row && file ? { file, finishedAt: row.finished_at as string } : null
}
