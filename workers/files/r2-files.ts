import type { FileStore } from './file-store.ts'

/** Keys that one call deletes, and one list answers with. */
const PAGE_KEYS = 1_000

/** What is used of a bucket. */
export type BucketFiles = Pick<
  R2Bucket,
  'put' | 'get' | 'createMultipartUpload' | 'list' | 'delete'
>

/** Cloudflare R2. */
export function r2Files(bucket: BucketFiles): FileStore {
  return {
    async put(key, body) {
      await bucket.put(key, body)
    },
    async read(key, range) {
      const object = await bucket.get(key, range ? { range } : {})
      return object?.body ?? null
    },
    async startParts(key) {
      const upload = await bucket.createMultipartUpload(key)
      const parts: R2UploadedPart[] = []
      return {
        async add(body) {
          parts.push(await upload.uploadPart(parts.length + 1, body))
        },
        async complete() {
          await upload.complete(parts)
        },
        abort: () => upload.abort(),
      }
    },
    async deleteAll(prefix) {
      for (;;) {
        const { objects } = await bucket.list({ prefix, limit: PAGE_KEYS })
        if (objects.length === 0) return
        await bucket.delete(objects.map(({ key }) => key))
      }
    },
  }
}
