import { expect, it } from 'vitest'
import { readInto } from '../../../workers/files/read-into.ts'

/** The bytes 1, 2, 3 …, in pieces. */
function streamOf(pieces: readonly number[]): ReadableStream<Uint8Array> {
  let next = 0
  const rest = [...pieces]
  return new ReadableStream({
    type: 'bytes',
    pull(controller) {
      const length = rest.shift()
      if (length === undefined) {
        controller.close()
        controller.byobRequest?.respond(0)
        return
      }
      controller.enqueue(Uint8Array.from({ length }, () => (next += 1)))
    },
  })
}

it('fills the beginning of a buffer, which is used again and again', async () => {
  let buffer = new ArrayBuffer(6)
  for (const pieces of [[1, 2, 3], [6], [2, 2]]) {
    const bytes = pieces.reduce((sum, length) => sum + length, 0)
    const former = buffer
    buffer = await readInto(streamOf(pieces), buffer, bytes)
    expect(former.byteLength).toBe(0)
    expect(buffer.byteLength).toBe(6)
    expect([...new Uint8Array(buffer, 0, bytes)]).toEqual([1, 2, 3, 4, 5, 6].slice(0, bytes))
  }
})

it('refuses a file of another length', async () => {
  await expect(readInto(streamOf([2, 1]), new ArrayBuffer(6), 6)).rejects.toThrow('3 of 6 bytes')
  await expect(readInto(streamOf([2, 1]), new ArrayBuffer(6), 2)).rejects.toThrow('more than 2')
})
