import type { Batch } from './batches.ts'

type Sent<T> = { readonly batch: Batch; readonly result: Promise<T> }

/**
 * Sends batches, a few at a time, and hands on their results in the order of the file. One that names
 * a record which another on its way names, too, waits: the later row has to be written later. Rejects
 * at the first failure, after which nothing is sent any more.
 */
export async function* sendInOrder<T>(
  batches: AsyncIterable<Batch>,
  maxInFlight: number,
  send: (batch: Batch, signal: AbortSignal) => Promise<T>,
): AsyncGenerator<{ readonly batch: Batch; readonly result: T }> {
  const controller = new AbortController()
  const queue: Sent<T>[] = []
  const first = async () => {
    const [oldest] = queue
    if (!oldest) throw new Error('nothing is on its way')
    const result = await oldest.result
    queue.shift()
    return { batch: oldest.batch, result }
  }
  try {
    for await (const batch of batches) {
      while (queue.length >= maxInFlight || queue.some((sent) => overlaps(sent.batch, batch))) {
        yield await first()
      }
      const result = send(batch, controller.signal)
      // Where one fails, the others are given up: their failures have nobody to tell.
      result.catch(() => {})
      queue.push({ batch, result })
    }
    while (queue.length > 0) yield await first()
  } finally {
    controller.abort()
  }
}

function overlaps(a: Batch, b: Batch): boolean {
  for (const name of b.names) if (a.names.has(name)) return true
  return false
}
