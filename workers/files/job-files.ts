import { AppError } from '../../core/errors.ts'
import type { FilePart, JobFile } from '../../core/jobs/job.ts'
import type { JobName } from '../../db/queries/jobs.ts'
import type { ByteRange, FileStore } from './file-store.ts'

/** Where a job's files are. */
export function jobPrefix({ tenantId, id }: JobName): string {
  return `${tenantId}/jobs/${id}/`
}

/** The files of one job, as one run of it sees them. */
export type JobFiles = {
  /**
   * Writes a file and says what it is called: `name` with a mark of the run, so that another run of the
   * same chunk, which may still be on its way, cannot put its own in the place of this one.
   */
  write(name: string, body: string | Uint8Array): Promise<FilePart>
  /** Writes a file of which every run would write the same bytes. */
  writeSame(name: string, body: string): Promise<void>
  /** Deletes all files whose names begin so. */
  deleteAll(start: string): Promise<void>
  /** Throws `gone` when there is none. */
  read(name: string, range?: ByteRange): Promise<ReadableStream<Uint8Array>>
  readText(name: string): Promise<string>
}

/** `run` is the id of the run. */
export function jobFiles(files: FileStore, job: JobName, run: string): JobFiles {
  const prefix = jobPrefix(job)
  const mark = run.slice(-12)
  const read: JobFiles['read'] = async (name, range) => {
    const body = await files.read(prefix + name, range)
    if (!body) throw new AppError('gone', 'a file of this job is not there any more')
    return body
  }
  return {
    async write(name, body) {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body
      const marked = `${name}-${mark}`
      await files.put(prefix + marked, bytes)
      return { name: marked, bytes: bytes.length }
    },
    writeSame: (name, body) => files.put(prefix + name, body),
    deleteAll: (start) => files.deleteAll(prefix + start),
    read,
    readText: async (name) => new Response(await read(name)).text(),
  }
}

export function fileBytes({ parts }: Pick<JobFile, 'parts'>): number {
  return parts.reduce((sum, { bytes }) => sum + bytes, 0)
}

/** A piece of a part. */
type Piece = { readonly name: string; readonly range: ByteRange }

/** Which pieces of which parts a range of a file is. */
export function piecesOf({ parts }: Pick<JobFile, 'parts'>, range: ByteRange): Piece[] {
  const end = range.offset + range.length
  let start = 0
  return parts.flatMap(({ name, bytes }) => {
    const [from, to] = [Math.max(range.offset, start), Math.min(end, start + bytes)]
    const piece = { name, range: { offset: from - start, length: to - from } }
    start += bytes
    return from < to ? [piece] : []
  })
}

/** The bytes of a file, a part open at a time. */
export async function* readFile(
  files: FileStore,
  job: JobName,
  file: Pick<JobFile, 'parts'>,
  range: ByteRange,
): AsyncGenerator<Uint8Array> {
  for (const piece of piecesOf(file, range)) {
    const body = await files.read(jobPrefix(job) + piece.name, piece.range)
    if (!body) throw new AppError('gone', 'the file is not there any more')
    yield* body
  }
}
