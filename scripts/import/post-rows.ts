import pRetry, { AbortError } from 'p-retry'
import { z } from 'zod'
import { UserError } from '../local/user-error.ts'

/** Which graph of which server, and with what right. */
export type Target = {
  readonly baseUrl: string
  readonly apiKey: string
  readonly graph: string
}

const report = z.object({
  rows: z.number(),
  created: z.number(),
  updated: z.number(),
  unchanged: z.number(),
  refused: z.number(),
  errors: z.array(z.object({ line: z.number(), code: z.string(), message: z.string() })),
})

/** What became of the rows of one request; lines count from 1 within it. */
export type RowsReport = z.infer<typeof report>

export type PostOptions = {
  /** The same for the same rows: a repeat whose first answer got lost does nothing twice. */
  readonly idempotencyKey?: string
  readonly isDryRun?: boolean
  readonly signal?: AbortSignal
}

/** Enough to outlast a restart of the server. */
const RETRIES = 6

/**
 * Sends rows (NDJSON lines) to the import route. Tries again when the server cannot be reached or is
 * busy: rows are found again by their external id. Rejects with a `UserError` for any other refusal.
 */
export function postRows(
  target: Target,
  lines: readonly string[],
  options: PostOptions = {},
): Promise<RowsReport> {
  return pRetry(() => postOnce(target, lines, options), {
    retries: RETRIES,
    minTimeout: 500,
    factor: 2,
    ...(options.signal ? { signal: options.signal } : {}),
  })
}

async function postOnce(
  { baseUrl, apiKey, graph }: Target,
  lines: readonly string[],
  { idempotencyKey, isDryRun = false, signal }: PostOptions,
): Promise<RowsReport> {
  const path = `${baseUrl}/api/v1/graphs/${encodeURIComponent(graph)}/import`
  const response = await fetch(isDryRun ? `${path}?dry_run=true` : path, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${apiKey}`,
      'content-type': 'application/x-ndjson',
      ...(idempotencyKey ? { 'idempotency-key': idempotencyKey } : {}),
    },
    body: lines.join('\n'),
    signal: signal ?? null,
  }).catch(() => {
    throw new UserError(`cannot reach ${baseUrl}`)
  })
  if (response.ok) return report.parse(await response.json())
  const problem = new UserError(
    `the server answered ${response.status}: ${await detailOf(response)}`,
  )
  if (response.status === 429 || response.status >= 500) throw problem
  throw new AbortError(problem)
}

async function detailOf(response: Response): Promise<string> {
  const text = await response.text()
  try {
    return z.object({ detail: z.string() }).parse(JSON.parse(text)).detail
  } catch {
    // Not one of our problems: an answer of something in between.
    return text.slice(0, 200)
  }
}
