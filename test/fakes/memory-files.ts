import type { FileStore } from '../../workers/files/file-store.ts'

/** Files in memory; `contents` may be looked at, and spoilt. */
export class MemoryFiles implements FileStore {
  readonly contents = new Map<string, Uint8Array>()

  async put(key: string, body: string | Uint8Array): Promise<void> {
    this.contents.set(key, typeof body === 'string' ? new TextEncoder().encode(body) : body.slice())
  }

  async read(key: string, range?: { readonly offset: number; readonly length: number }) {
    const bytes = this.contents.get(key)
    if (!bytes) return null
    const { offset, length } = range ?? { offset: 0, length: bytes.length }
    if (range && offset >= bytes.length) throw new RangeError('the range begins behind the end')
    const body = bytes.slice(offset, offset + length)
    return new ReadableStream({
      type: 'bytes',
      start(controller) {
        if (body.length > 0) controller.enqueue(body)
        controller.close()
      },
    })
  }

  async startParts(key: string) {
    const parts: Uint8Array[] = []
    return {
      add: async (body: Uint8Array) => {
        parts.push(body.slice())
      },
      complete: async () => {
        await this.put(key, Buffer.concat(parts))
      },
      abort: async () => {},
    }
  }

  async deleteAll(prefix: string): Promise<void> {
    for (const key of this.contents.keys()) if (key.startsWith(prefix)) this.contents.delete(key)
  }
}
