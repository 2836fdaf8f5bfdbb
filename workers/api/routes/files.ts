import { createRoute, z } from '@hono/zod-openapi'
import { openFile } from '../../operations/files.ts'
import { byteRangeOf } from '../byte-range.ts'
import { type App, endpoint, problems } from '../endpoint.ts'
import { byteStream } from '../text-stream.ts'

const bytes = { 'application/octet-stream': { schema: z.string().openapi({ format: 'binary' }) } }

export function fileRoutes(app: App): void {
  endpoint(
    app,
    createRoute({
      method: 'get',
      path: '/api/v1/files/{token}',
      tags: ['Jobs'],
      summary: 'A file that a job has made',
      description:
        'By a link that `GET /jobs/{id}` shows: it is signed, good for 15 minutes, and needs no key.',
      request: { params: z.object({ token: z.string().max(2_000) }) },
      responses: {
        200: { description: 'The file', content: bytes },
        206: { description: 'The bytes that `Range` asks for', content: bytes },
        ...problems(404, 410, 416, 422, 503),
      },
    }),
    async (c) => {
      const file = await openFile(c.get('context'), c.req.valid('param').token)
      const headers = {
        'content-type': file.contentType,
        'content-disposition': disposition(file.name),
        'accept-ranges': 'bytes',
        'cache-control': 'private, no-store',
        etag: file.etag,
      }
      const ifRange = c.req.header('if-range')
      const wanted =
        ifRange === undefined || ifRange === file.etag ? c.req.header('range') : undefined
      const range = byteRangeOf(wanted, file.bytes)
      const { offset, length } = range ?? { offset: 0, length: file.bytes }
      const part = range
        ? { 'content-range': `bytes ${offset}-${offset + length - 1}/${file.bytes}` }
        : {}
      const body =
        c.req.method === 'HEAD' ? null : byteStream(file.read({ offset, length }), length)
      return new Response(body, {
        status: range ? 206 : 200,
        headers: { ...headers, ...part, 'content-length': String(length) },
      })
    },
  )
}

/** RFC 6266, 4.1: names of graphs have no character that would need more. */
function disposition(name: string): string {
  return `attachment; filename="${name.replaceAll(/[^\w.-]/g, '_')}"`
}
