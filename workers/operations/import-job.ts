import { AppError } from '../../core/errors.ts'
import type { Job, JobPriority } from '../../core/jobs/job.ts'
import { cancelJob, deleteJob, getJob, queueUploadedJob } from '../../db/queries/jobs.ts'
import type { GraphContext } from '../context.ts'
import { jobPrefix } from '../files/job-files.ts'
import { receive } from '../files/receive.ts'
import { type ImportJobParams, WORK } from '../jobs/import/cursor.ts'
import { sha256Hex } from '../security/api-keys.ts'
import { graphOperation } from './define.ts'
import { asMade, insert, type JobView, viewOf } from './jobs.ts'
import { answerError } from './refusals.ts'

/** Most bytes of an upload that can be read on from any line. */
export const MAX_NDJSON_BYTES = 5 * 1024 ** 3
/** Of any other, which each run of the job reads from the beginning: within its seconds. */
export const MAX_OTHER_BYTES = 256 * 1024 ** 2

export type ImportJobInput = Pick<ImportJobParams, 'format' | 'query'> & {
  readonly graph: string
  readonly priority: JobPriority
  readonly body: ReadableStream<Uint8Array>
}

/** Stores what arrives, and loads it into the graph later. */
export const importLater = graphOperation(
  'graph.write',
  async (context, input: ImportJobInput): Promise<{ value: JobView; replayed: boolean }> => {
    const { graph, priority } = input
    const work = { kind: 'import', params: {}, priority, unit: 'bytes' } as const
    const { job } = await insert(context, graph, work, 'uploading')
    if (job.state !== 'uploading') return repeated(context, job, input)
    try {
      return await upload(context, job, input)
    } catch (error) {
      await forget(context, job)
      throw error
    }
  },
)

async function upload(context: GraphContext, job: Job, input: ImportJobInput) {
  const { services } = context
  // Of a request that was sent twice at once, each has a file of its own.
  const name = `${WORK}upload-${services.newId()}`
  const received = await receive(
    services.files,
    jobPrefix(job) + name,
    input.body,
    input.format === 'ndjson' ? MAX_NDJSON_BYTES : MAX_OTHER_BYTES,
  )
  if (received.bytes === 0) throw new AppError('malformed_request', 'the request needs a body')
  const { format, query } = input
  const params: ImportJobParams = { format, query, upload: name, bytes: received.bytes }
  const fingerprint = await fingerprintOf(context, received.digest)
  if (!(await queueUploadedJob(services.catalog, { ...job, params, fingerprint }))) {
    const now = await getJob(services.catalog, job.tenantId, job.id)
    if (now && now.fingerprint === fingerprint) return accepted(context, now, received.bytes, true)
    throw new AppError('conflict', 'the job was cancelled while its input arrived')
  }
  await services.sendJob(job)
  return accepted(context, job, received.bytes, false)
}

async function accepted(context: GraphContext, job: Job, bytes: number, replayed: boolean) {
  const made = asMade(job, { done: 0, total: bytes, unit: 'bytes' })
  return { value: await viewOf(context, made), replayed }
}

/** The job that the same request made before, if it really is the same. */
async function repeated(context: GraphContext, job: Job, { body }: ImportJobInput) {
  const { files } = context.services
  const { digest, bytes } = await receive(files, null, body, MAX_NDJSON_BYTES)
  if (job.fingerprint !== (await fingerprintOf(context, digest))) {
    throw answerError({ status: 'fingerprint_mismatch' })
  }
  return accepted(context, job, bytes, true)
}

function fingerprintOf({ idempotency }: GraphContext, digest: string): Promise<string> {
  return sha256Hex(JSON.stringify([idempotency?.fingerprint ?? '', digest]))
}

/** A job whose input never came is no job. */
async function forget({ services }: GraphContext, job: Job): Promise<void> {
  try {
    const now = await getJob(services.catalog, job.tenantId, job.id)
    if (now?.state !== 'uploading') return
    await cancelJob(services.catalog, job)
    await services.files.deleteAll(jobPrefix(job))
    await deleteJob(services.catalog, job)
  } catch {
    // Databases and storage that are away: the purge finds it in a day.
  }
}
