import { once } from 'node:events'
import { createServer } from 'node:net'
import { UserError } from './user-error.ts'

/** Rejects with a UserError when this process cannot listen there; port 0 is always free. */
export async function assertPortFree(host: string, port: number): Promise<void> {
  const probe = createServer()
  try {
    probe.listen(port, host)
    await once(probe, 'listening')
  } catch (error) {
    throw new UserError(`${reason(error, host, port)}; choose another one with --port.`, {
      cause: error,
    })
  }
  probe.close()
  await once(probe, 'close')
}

function reason(error: unknown, host: string, port: number): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  if (code === 'EADDRINUSE') return `Port ${port} is taken by another program`
  if (code === 'EACCES') return `This user may not listen on port ${port}`
  return `Nothing can listen on ${host}:${port} (${error instanceof Error ? error.message : error})`
}

const LARGEST_PORT = 65_535

/** Throws a UserError for what is no port number. */
export function parsePort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0
  if (port >= 1 && port <= LARGEST_PORT) return port
  throw new UserError(`--port must be a number from 1 to ${LARGEST_PORT}, not "${text}".`)
}
