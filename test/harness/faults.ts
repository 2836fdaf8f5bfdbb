import { ownStack } from './own-stack.ts'
/** Probabilities of cutting a connection to PostgreSQL, and the most a statement is delayed. */
export type Faults = {
  readonly cutBefore?: number
  readonly cutAfter?: number
  readonly delayMs?: number
  readonly seed?: number
}

/** Runs `use` while connections fail as told, and makes them work again whatever happens. */
export async function withFaults<T>(faults: Faults, use: () => Promise<T>): Promise<T> {
  await setFaults(faults)
  try {
    return await use()
  } finally {
    await setFaults({})
  }
}

/** From now on; what is not named does not fail. */
export async function setFaults(faults: Faults): Promise<void> {
  await control('/faults', faults)
}

/** Throws every Durable Object out of memory; the next call builds it anew. */
export async function evictObjects(): Promise<void> {
  await control('/evict', {})
}

/** Ends every Durable Object at once, whatever it works on, as when its machine dies. */
export async function crashObjects(): Promise<void> {
  await control('/crash', {})
}

/** Requests to PostgreSQL that the worker has made so far. */
export async function sqlRequests(): Promise<number> {
  const answer = await control('/sql-requests', {})
  return (answer as { readonly requests: number }).requests
}

/** Posts to the control server of the run. */
export async function control(path: string, body: unknown): Promise<unknown> {
  const response = await fetch(ownStack().controlUrl + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!response.ok) throw new Error(`the control server answered ${response.status} to ${path}`)
  return response.json()
}
