import { parseArgs } from 'node:util'
import { explain } from './local/explain.ts'
import { UserError } from './local/user-error.ts'
import { migrateTargets } from './migrate/migrate-targets.ts'
import { OWNER_VARIABLES, readOwnerSettings } from './migrate/owner-settings.ts'

const HELP = `Brings the catalog and every shard to the newest schema. Can be repeated: what is applied is skipped.
\`npm run deploy\` does it too, before it uploads the worker.

  npm run migrate

${Object.entries(OWNER_VARIABLES)
  .map(([name, meaning]) => `  ${name.padEnd(26)} ${meaning}`)
  .join('\n')}

The owner must not be the role of the worker, and needs the attribute CREATEROLE.`

try {
  await main()
} catch (error) {
  console.error(explain(error).text)
  process.exitCode = 1
}

async function main(): Promise<void> {
  if (readArguments().help) {
    console.log(HELP)
    return
  }
  const { settings, problems } = readOwnerSettings(process.env)
  if (!settings) {
    throw new UserError([...problems, '`npm run migrate -- --help` says more.'].join('\n'))
  }
  await migrateTargets(settings, (line) => console.log(line))
}

function readArguments() {
  try {
    return parseArgs({ options: { help: { type: 'boolean', default: false } } }).values
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}
