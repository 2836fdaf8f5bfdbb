import { AppError, notFound } from '../../core/errors.ts'
import type { JobFile } from '../../core/jobs/job.ts'
import { getFile } from '../../db/queries/job-files.ts'
import type { Context } from '../context.ts'
import type { ByteRange } from '../files/file-store.ts'
import { fileBytes, readFile } from '../files/job-files.ts'
import { verifyFileLink } from '../jobs/file-links.ts'

export type OpenFile = Pick<JobFile, 'name' | 'contentType'> & {
  readonly bytes: number
  /** The same for the same bytes. */
  readonly etag: string
  readonly read: (range: ByteRange) => AsyncGenerator<Uint8Array>
}

/** The file that a link shows. It takes no credential: the link is one, and is signed. */
export async function openFile({ services }: Context, token: string): Promise<OpenFile> {
  const link = await verifyFileLink(services.jwtSecret, token, services.now())
  if (link === 'expired') {
    throw new AppError('gone', 'the link has expired: GET the job again for a new one')
  }
  const found = link && (await getFile(services.catalog, link))
  if (!found) throw notFound('this file')
  const { file, finishedAt } = found
  return {
    name: file.name,
    contentType: file.contentType,
    bytes: fileBytes(file),
    etag: `"${link.id}-${link.file}-${Date.parse(finishedAt)}"`,
    read: (range) => readFile(services.files, link, file, range),
  }
}
