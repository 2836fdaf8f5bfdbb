import { z } from 'zod'

const ATTEMPTS = 30
const PAUSE_MS = 2_000

const report = z.object({
  status: z.string(),
  checks: z.record(z.string(), z.object({ status: z.string(), reason: z.string().optional() })),
})

export type ReadyDeps = {
  readonly fetch: typeof fetch
  readonly pause: (ms: number) => Promise<void>
}

/**
 * Asks `/health/ready` until every part works, for about a minute: a new name on workers.dev takes a
 * while. Resolves with what is wrong then; an empty list: nothing.
 */
export async function awaitReady(baseUrl: string, deps: ReadyDeps): Promise<readonly string[]> {
  let problems: readonly string[] = []
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    if (attempt > 0) await deps.pause(PAUSE_MS)
    problems = await ask(`${baseUrl}/health/ready`, deps)
    if (problems.length === 0) return []
  }
  return problems
}

async function ask(url: string, deps: ReadyDeps): Promise<readonly string[]> {
  try {
    const response = await deps.fetch(url, { headers: { accept: 'application/json' } })
    const { data } = report.safeParse(await response.json().catch(() => null))
    if (!data) return [`${url} answers ${response.status}`]
    const bad = Object.entries(data.checks).filter(([, { status }]) => status !== 'ok')
    if (bad.length === 0 && response.ok) return []
    return bad.map(([name, { status, reason }]) => `${name} is ${status}: ${reason ?? 'no reason'}`)
  } catch (error) {
    return [`${url} cannot be reached: ${error instanceof Error ? error.message : error}`]
  }
}
