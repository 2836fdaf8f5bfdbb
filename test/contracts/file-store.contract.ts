import { expect, it } from 'vitest'
import type { FileStore } from '../../workers/files/file-store.ts'
import { PART_BYTES, receive } from '../../workers/files/receive.ts'

/** What every store of files has to do. */
export function fileStoreContract(store: () => FileStore): void {
  const read = async (key: string, range?: { offset: number; length: number }) => {
    const body = await store().read(key, range)
    return body && new Response(body).text()
  }

  it('gives back what was put, whole or a range of it', async () => {
    await store().put('a/text', 'é is two bytes')
    await store().put('a/bytes', new Uint8Array([1, 2, 3]))
    await store().put('a/empty', '')
    expect(await read('a/text')).toBe('é is two bytes')
    expect(await read('a/text', { offset: 3, length: 2 })).toBe('is')
    expect(await read('a/text', { offset: 10, length: 99 })).toBe('bytes')
    expect(await read('a/bytes')).toBe('\u0001\u0002\u0003')
    expect(await read('a/empty')).toBe('')
    expect(await read('a/none')).toBeNull()
    await store().put('a/text', 'another')
    expect(await read('a/text')).toBe('another')
  })

  it('deletes everything below a prefix, and nothing else', async () => {
    for (const key of ['b/1', 'b/2/3', 'bb', 'c']) await store().put(key, key)
    await store().deleteAll('b/')
    await store().deleteAll('nothing/')
    const left = await Promise.all(['b/1', 'b/2/3', 'bb', 'c'].map((key) => read(key)))
    expect(left).toEqual([null, null, 'bb', 'c'])
  })

  const stream = (bytes: Uint8Array, chunk: number) => {
    let at = 0
    return new ReadableStream<Uint8Array>({
      pull(controller) {
        if (at >= bytes.length) return controller.close()
        controller.enqueue(bytes.slice(at, at + chunk))
        at += chunk
      },
    })
  }

  it.each([
    ['nothing', 0],
    ['some bytes', 10],
    ['exactly a part', PART_BYTES],
    ['a part and a byte', PART_BYTES + 1],
    ['several parts', 2 * PART_BYTES + 12_345],
  ])('receives %s, and tells the same content by the same digest', async (_what, length) => {
    const bytes = new Uint8Array(length).map((_, i) => (i * 7 + (i >> 10)) % 251)
    const first = await receive(store(), 'd/upload', stream(bytes, 65_537), length)
    expect(first.bytes).toBe(length)
    const body = await store().read('d/upload')
    const stored = new Uint8Array(await new Response(body).arrayBuffer())
    expect(stored.length).toBe(length)
    expect(stored.every((byte, i) => byte === bytes[i])).toBe(true)
    const again = await receive(store(), null, stream(bytes, 999_983), length)
    expect(again).toEqual(first)
    if (length === 0) return
    bytes[length - 1] = 255
    const other = await receive(store(), null, stream(bytes, 65_537), length)
    expect(other.digest).not.toBe(first.digest)
  })

  it('leaves no file of an upload that is too large, or that breaks off', async () => {
    const bytes = new Uint8Array(PART_BYTES + 1)
    const tooLarge = receive(store(), 'e/upload', stream(bytes, 1_000_000), PART_BYTES)
    await expect(tooLarge).rejects.toMatchObject({ code: 'payload_too_large' })
    let sent = 0
    const broken = new ReadableStream<Uint8Array>({
      pull(controller) {
        sent += 1
        if (sent > 20) throw new Error('the client went away')
        controller.enqueue(new Uint8Array(1_000_000))
      },
    })
    await expect(receive(store(), 'e/upload', broken, 10 * PART_BYTES)).rejects.toThrow('away')
    expect(await store().read('e/upload')).toBeNull()
  })
}
