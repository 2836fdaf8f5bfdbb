import { sql } from 'drizzle-orm'
import type { Consumer } from '../../../queues/consumer.ts'
import { PermanentFailure } from '../../../queues/failures.ts'
import type { MigratedDatabase } from '../../harness/databases.ts'

/**
 * Makes a table that takes every event as often as it is written, in the order in which it is: what a
 * consumer has done twice, out of order or not at all is there to be seen.
 */
export async function createLedger({ owner }: MigratedDatabase): Promise<void> {
  await owner.query(`create table ledger (
      line bigserial, consumer text, graph_id uuid, history_id uuid, seq bigint, is_replay boolean,
      digest text)`)
  await owner.query('grant select, insert on ledger to tendril_app')
  await owner.query('grant usage on sequence ledger_line_seq to tendril_app')
}

/** Writes down every event it takes; refuses for good what `isPoison`. */
export function ledgerConsumer(
  name: string,
  pageEvents: number,
  isPoison: (seq: number) => boolean = () => false,
): Consumer {
  return {
    name,
    pageEvents,
    reads: 'images',
    projection: null,
    seed: null,
    effect: ({ graph, historyId, isReplay }, events) => {
      const bad = events.find(({ seq }) => isPoison(seq))
      if (bad) throw new PermanentFailure(`event ${bad.seq} is not to my taste`)
      const lines = events.map(({ seq, after, before }) => ({
        seq,
        digest: JSON.stringify(after ?? before),
      }))
      return [
        sql`insert into ledger (consumer, graph_id, history_id, seq, is_replay, digest)
          select ${name}, ${graph.graphId}::uuid, ${historyId}::uuid, l.seq, ${isReplay}::boolean,
            md5(l.digest::jsonb::text)
          from rows from (jsonb_to_recordset(${JSON.stringify(lines)}::jsonb) as (seq bigint, digest text))
            with ordinality as l(seq, digest, n)
          order by l.n`,
      ]
    },
  }
}

/**
 * What is wrong with what a consumer has written down of a graph: events that are missing, doubled, out
 * of order or of other content. `parked` are those that it was right not to take.
 */
export async function ledgerProblems(
  { owner }: MigratedDatabase,
  consumer: string,
  graphId: string,
  parked: readonly number[] = [],
): Promise<string[]> {
  const { rows: lines } = await owner.query<{ seq: string; digest: string }>(
    `select seq, digest from ledger where consumer = $1 and graph_id = $2 and not is_replay order by line`,
    [consumer, graphId],
  )
  const { rows: events } = await owner.query<{ seq: string; digest: string }>(
    `select seq, md5(coalesce(after, before)::text) as digest from events where graph_id = $1
      order by seq`,
    [graphId],
  )
  const expected = events.filter(({ seq }) => !parked.includes(Number(seq)))
  const problems: string[] = []
  if (lines.length !== expected.length) {
    problems.push(`${lines.length} effects of ${expected.length} events`)
  }
  for (const [i, { seq, digest }] of expected.entries()) {
    if (problems.length > 5) break
    if (lines[i]?.seq !== seq) problems.push(`effect ${i} is of ${lines[i]?.seq}, not of ${seq}`)
    else if (lines[i]?.digest !== digest) problems.push(`event ${seq} has another content`)
  }
  return problems
}
