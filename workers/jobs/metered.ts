import type { Database } from '../../db/client.ts'
import type { FileStore } from '../files/file-store.ts'
import type { Services } from '../services.ts'

/** How many calls of other services one run has made. */
export type Meter = { calls: number }

/** The same services, of which `meter` counts the calls. */
export function metered(services: Services, meter: Meter): Services {
  const counted =
    <Args extends unknown[], Result>(call: (...args: Args) => Result) =>
    (...args: Args): Result => {
      meter.calls += 1
      return call(...args)
    }
  const database = (inner: Database): Database => ({
    batch: counted((...args: Parameters<Database['batch']>) => inner.batch(...args)),
    batchWith: counted((...args: Parameters<Database['batchWith']>) => inner.batchWith(...args)),
  })
  const { files } = services
  const countedFiles: FileStore = {
    put: counted((...args: Parameters<FileStore['put']>) => files.put(...args)),
    read: counted((...args: Parameters<FileStore['read']>) => files.read(...args)),
    startParts: counted((key: string) => files.startParts(key)),
    deleteAll: counted((prefix: string) => files.deleteAll(prefix)),
  }
  return {
    ...services,
    catalog: database(services.catalog),
    shard: (id) => database(services.shard(id)),
    commit: counted(services.commit),
    files: countedFiles,
  }
}
