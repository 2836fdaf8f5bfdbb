import { explain } from './local/explain.ts'
import { takeSignals } from './local/shutdown.ts'
import { endWithNpm } from './test-services/end-with-npm.ts'
import { readServiceOptions } from './test-services/options.ts'
import { startPostgresService } from './test-services/postgres-service.ts'
import { startRedisServer } from './test-services/redis-server.ts'
import { makeRunFolder, removeRunFolder, temporaryIn } from './test-services/run-folder.ts'
import type { StartService } from './test-services/service.ts'
import { runVitest } from './test-services/vitest.ts'

const SERVICES: readonly StartService[] = [startPostgresService, startRedisServer]

const shutdown = takeSignals()
endWithNpm(shutdown.signal)
try {
  process.exitCode = await main()
} catch (error) {
  console.error(explain(error).text)
  process.exitCode = 1
}
await shutdown.stopAll()
// The handlers of the signals keep nothing alive, but a part that failed to stop may.
process.exit()

async function main(): Promise<number> {
  const options = readServiceOptions(process.argv.slice(2))
  if (options === undefined) return 0
  const folder = await makeRunFolder()
  shutdown.defer(() => removeRunFolder(folder))
  const env: Record<string, string> = { TMPDIR: temporaryIn(folder), ...options.limits }
  for (const start of SERVICES) {
    const service = await start({ folder, postgresVersion: options.postgresVersion })
    shutdown.defer(() => service.stop())
    if (shutdown.signal.aborted) return 1
    console.log(`Testing on ${service.description}.`)
    Object.assign(env, service.env)
  }
  return await runVitest(options.vitestFlags, env, shutdown.requested)
}
