import { z } from '@hono/zod-openapi'
import { JOB_PRIORITIES, JOB_STATES } from '../../core/jobs/job.ts'
import { time } from './schemas.ts'

const file = z
  .object({
    name: z.string(),
    content_type: z.string(),
    bytes: z.int(),
    url: z.string().openapi({ description: 'A path that needs no key; range requests work.' }),
    expires_at: time,
  })
  .openapi('JobFile')

export const jobSchema = z
  .object({
    id: z.string(),
    kind: z.string(),
    graph: z.string().nullable().openapi({ description: 'Its name when the job was made.' }),
    state: z.enum(JOB_STATES).openapi({
      description:
        '`uploading` while its input arrives; `succeeded`, `failed` and `cancelled` are ends.',
    }),
    priority: z.enum(JOB_PRIORITIES),
    progress: z.object({
      done: z.int(),
      total: z.int().nullable().openapi({ description: 'null while nobody knows it.' }),
      unit: z.string().openapi({ example: 'records' }),
    }),
    attempt: z.int().openapi({ description: 'Runs since the last chunk that was done.' }),
    result: z
      .record(z.string(), z.any())
      .nullable()
      .openapi({ description: 'Depends on the kind; see docs/jobs.md.' }),
    files: z.array(file),
    error: z
      .object({ code: z.string(), message: z.string() })
      .nullable()
      .openapi({ description: 'Of a job that goes on: why its last run failed.' }),
    created_by: z.string(),
    created_at: time,
    started_at: time.nullable(),
    updated_at: time,
    finished_at: time.nullable(),
  })
  .openapi('Job')
