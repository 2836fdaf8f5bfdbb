import type { TenantId } from '../../../core/ids.ts'
import type { Job } from '../../../core/jobs/job.ts'
import { getJob } from '../../../db/queries/jobs.ts'
import { fileBytes, readFile } from '../../../workers/files/job-files.ts'
import type { JobKind } from '../../../workers/jobs/kind.ts'
import { type RunOutcome, runJob } from '../../../workers/jobs/run-job.ts'
import type { Installation } from './installation.ts'
import { type Fates, Killed, livesOf } from './lives.ts'

/** What befell the runs of jobs. */
export type Tally = { kills: number; zombies: number; failures: number }

/** Works on jobs of these kinds, whose runs are killed until `maxKills` of them were. */
export function workerOf(
  installation: Installation,
  tenant: TenantId,
  kinds: ReadonlyMap<string, JobKind>,
  maxKills: number,
) {
  function run(id: string, fates: Fates): Promise<RunOutcome | 'killed'> {
    const services = livesOf(installation.services, fates)
    const deps = { services, kinds, random: () => 0, onFailure: () => {} }
    return runJob(deps, id).catch((error) => {
      if (error instanceof Killed) return 'killed'
      // The job's row could not be reached: the message comes again.
      if (error instanceof Error && error.message.startsWith('out of order')) return 'more'
      throw error
    })
  }

  /** As if two minutes had passed: whoever has it may be dead, and what waits need not any more. */
  async function passTime(id: string): Promise<void> {
    await installation.databases.catalog.owner.query(
      `update jobs set lease_until = now() - interval '1 second', run_at = now() where id = $1`,
      [id],
    )
  }

  /** Works on a job until it ends, while runs die, and others take over from them though they live. */
  async function workOff(
    id: string,
    random: () => number,
    tally: Tally,
    meanwhile: () => Promise<void> = async () => {},
  ): Promise<Job> {
    const dieAtCall = () => Math.floor(random() * 14)
    function fates(mayHaveZombie: boolean): Fates {
      let calls = 0
      const deadly = tally.kills < maxKills && random() < 0.9 ? dieAtCall() : -1
      const overtaken = mayHaveZombie && random() < 0.4 ? dieAtCall() : -1
      const isAfter = random() < 0.5
      return async () => {
        const call = calls
        calls += 1
        if (call === overtaken) {
          tally.zombies += 1
          await passTime(id)
          await run(id, fates(false))
        }
        if (call === deadly) {
          tally.kills += 1
          return isAfter ? 'killed after' : 'killed before'
        }
        if (random() > 0.02) return 'done'
        tally.failures += 1
        return random() < 0.5 ? 'failed after' : 'failed before'
      }
    }
    for (let rounds = 0; rounds < 1_000; rounds += 1) {
      await run(id, fates(true))
      const job = await getJob(installation.services.catalog, tenant, id)
      if (!job) throw new Error('the job is gone')
      if (job.state === 'succeeded' || job.state === 'failed') return job
      if (job.cursor !== null) await meanwhile()
      await passTime(id)
      // Attempts count those without progress; here some are, by chance, many in a row.
      await installation.databases.catalog.owner.query(
        'update jobs set attempt = 0 where id = $1',
        [id],
      )
    }
    throw new Error('the job does not end')
  }

  const undisturbed = (id: string) =>
    workOff(id, () => 0.99, { kills: maxKills, zombies: 0, failures: 0 })

  return { workOff, undisturbed }
}

/** The files of a job that has ended. */
export async function filesOf(installation: Installation, job: Job): Promise<string[]> {
  return Promise.all(
    (job.result?.files ?? []).map(async (file) => {
      const range = { offset: 0, length: fileBytes(file) }
      const chunks: Uint8Array[] = []
      for await (const chunk of readFile(installation.files, job, file, range)) chunks.push(chunk)
      return Buffer.concat(chunks).toString()
    }),
  )
}
