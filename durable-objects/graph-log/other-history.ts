import { isAppError } from '../../core/errors.ts'
import { isOfHistory } from '../../core/log/etag.ts'
import type { CommitAnswer, GraphRequest } from '../../core/log/requests.ts'
import type { LogRunner } from './runner.ts'

/** The refusal of what names versions of another history than the log's (H1); `null`: it does not. */
export async function otherHistory(
  runner: LogRunner<GraphRequest>,
  { seenHistory }: GraphRequest,
): Promise<CommitAnswer | null> {
  if (seenHistory === undefined) return null
  try {
    const { historyId, watermarks } = runner.head ?? (await runner.headFrom(0))
    if (isOfHistory(seenHistory, historyId)) return null
    const refusals = [{ op: 0, refused: 'version_mismatch' as const }]
    return { status: 'refused', seq: watermarks.head, refusals }
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return { status: 'no_such_log' }
    return { status: 'not_committed', reason: 'the log could not be opened' }
  }
}
