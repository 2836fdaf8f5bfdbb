import { AppError } from '../../../core/errors.ts'
import type { Database } from '../../../db/client.ts'
import type { FileStore } from '../../../workers/files/file-store.ts'
import type { Services } from '../../../workers/services.ts'

export class Killed extends Error {}

/** What happens to one call of a service. */
export type Fate =
  | 'done'
  /** The machine dies before or after the call had its effect. */
  | 'killed before'
  | 'killed after'
  /** The call fails, or its answer is lost. */
  | 'failed before'
  | 'failed after'

/** Decides about each call; may let others run before it answers. */
export type Fates = (call: string) => Fate | Promise<Fate>

/** Services of one process, which can be killed at any call: nothing that it does later has an effect. */
export function livesOf(services: Services, fates: Fates): Services {
  let isDead = false
  const kill = (): never => {
    isDead = true
    throw new Killed()
  }
  const fail = (): never => {
    throw new AppError('unavailable', 'out of order for a moment')
  }
  async function live<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (isDead) throw new Killed()
    const fate = await fates(name)
    if (fate === 'killed before') kill()
    if (fate === 'failed before') fail()
    const result = await call()
    if (fate === 'killed after') kill()
    if (fate === 'failed after') fail()
    return result
  }
  const database = (name: string, inner: Database): Database => ({
    batch: (...args) => live(name, () => inner.batch(...args)),
    batchWith: (...args) => live(name, () => inner.batchWith(...args)),
  })
  const { files } = services
  const mortal: FileStore = {
    put: (...args) => live('put', () => files.put(...args)),
    read: (...args) => live('read', () => files.read(...args)),
    startParts: (key) => live('startParts', () => files.startParts(key)),
    deleteAll: (prefix) => live('deleteAll', () => files.deleteAll(prefix)),
  }
  return {
    ...services,
    catalog: database('catalog', services.catalog),
    shard: (id) => database('shard', services.shard(id)),
    commit: (...args) => live('commit', () => services.commit(...args)),
    sendJob: (job) => live('sendJob', () => services.sendJob(job)),
    files: mortal,
  }
}
