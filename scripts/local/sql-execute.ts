import pg from 'pg'
import { SqlHttpError } from './sql-errors.ts'
import { type AnswerFormat, runPipeline } from './sql-pipeline.ts'
import { cancelQuery, type SqlPools } from './sql-pools.ts'
import { ISOLATION_LEVELS, type SqlBatch, type SqlQuery, type SqlRequest } from './sql-request.ts'

// As Neon documents it.
const MAX_RESPONSE_BYTES = 64 * 1024 * 1024

const COMMIT = statement('COMMIT')

/**
 * Runs a request on a pooled connection and resolves with the JSON of the answer. When `signal`
 * aborts, the statement in progress is cancelled, as Neon does for a client that hung up: all of
 * a batch is committed or nothing. Rejects with PostgreSQL's error or a SqlHttpError.
 */
export async function execute(
  pools: SqlPools,
  { connectionString, batch, rawText }: SqlRequest,
  signal: AbortSignal,
): Promise<string> {
  const client = await pools.connect(connectionString)
  const cancel = () => cancelQuery(client)
  signal.addEventListener('abort', cancel)
  let reusable = false
  try {
    if (signal.aborted) throw new SqlHttpError(400, 'the client hung up before its turn')
    const run = batch.kind === 'single' ? runSingle : runBatch
    const answer = await run(client, batch, { rawText, maxBytes: MAX_RESPONSE_BYTES })
    reusable = client.getTransactionStatus() === 'I'
    return answer
  } catch (error) {
    reusable = await recover(client, batch, error)
    throw error
  } finally {
    signal.removeEventListener('abort', cancel)
    client.release(!reusable || signal.aborted)
  }
}

async function runSingle(client: pg.PoolClient, batch: SqlBatch, format: AnswerFormat) {
  const [result = ''] = await runPipeline(client, batch.queries, format)
  return result
}

/**
 * COMMIT has a round trip of its own: only when all rows are here is it known that the answer is
 * not too large, and until then the transaction must be able to fail.
 */
async function runBatch(client: pg.PoolClient, batch: SqlBatch, format: AnswerFormat) {
  const [, ...results] = await runPipeline(client, [begin(batch), ...batch.queries], format)
  await runPipeline(client, [COMMIT], format)
  return `{"results":[${results.join(',')}]}`
}

function begin({ isolationLevel, readOnly, deferrable }: SqlBatch): SqlQuery {
  const modes = [
    ...(isolationLevel === undefined
      ? []
      : [`ISOLATION LEVEL ${ISOLATION_LEVELS[isolationLevel]}`]),
    ...(readOnly ? ['READ ONLY'] : []),
    ...(deferrable ? ['DEFERRABLE'] : []),
  ]
  return statement(`START TRANSACTION ${modes.join(', ')}`)
}

function statement(query: string): SqlQuery {
  return { query, params: [], arrayMode: true }
}

/** Ends a failed transaction; whether the connection is fit for the next request. */
async function recover(client: pg.PoolClient, batch: SqlBatch, error: unknown): Promise<boolean> {
  if (!(error instanceof pg.DatabaseError)) return false
  try {
    // The empty statement only waits until PostgreSQL is ready again.
    await client.query(batch.kind === 'batch' ? 'ROLLBACK' : '')
    return client.getTransactionStatus() === 'I'
  } catch {
    // The error ended the connection too: an administrator's command, a crash, a shutdown.
    return false
  }
}
