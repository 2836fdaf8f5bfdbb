import { parseArgs } from 'node:util'
import { UserError } from '../local/user-error.ts'

export type TestServicesOptions = {
  /** The major version to look for; undefined for the newest that is installed. */
  readonly postgresVersion: number | undefined
  /** What tells the tests whether production's limits are put on the worker. */
  readonly limits: Readonly<Record<string, string>>
  /** What is not ours goes on to vitest, in order. */
  readonly vitestFlags: readonly string[]
}

const HELP = `Runs the integration tests on servers of this machine instead of those from npm, and with
production's limits on the worker (docs/testing.md).

  npm run test:services
  npm run test:services -- [options] [options and files for vitest]

  --postgres <version>  major version, 15 or newer     default the newest that is installed
  --no-limits           leave the worker without production's limits
  --help                this text

  TENDRIL_PG_URL  use this running PostgreSQL; its role must be a superuser. Its role tendril_app
                  gets another password: not a server that anything else uses Tendril on.`

const OURS = {
  postgres: { type: 'string' },
  limits: { type: 'boolean', default: true },
  help: { type: 'boolean', default: false },
} as const

const OLDEST_POSTGRES = 15

/** Undefined after printing the help text. Throws a UserError for a wrong version. */
export function readServiceOptions(args: string[]): TestServicesOptions | undefined {
  const ours = ownArguments(args)
  const { values } = parseArgs({ args: ours.taken, options: OURS, allowNegative: true })
  if (values.help) {
    console.log(HELP)
    return undefined
  }
  return {
    postgresVersion: values.postgres === undefined ? undefined : versionOf(values.postgres),
    limits: values.limits ? { TENDRIL_TEST_LIMITS: '1' } : {},
    vitestFlags: ours.left,
  }
}

/** Parts our options, with their values, from the others: which of those take one, vitest knows. */
function ownArguments(args: readonly string[]): { taken: string[]; left: string[] } {
  const taken: string[] = []
  const left: string[] = []
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? ''
    if (/^--(help|(no-)?limits|postgres(=.*)?)$/.test(arg)) {
      taken.push(arg)
      if (arg === '--postgres') taken.push(args[++i] ?? '')
    } else {
      left.push(arg)
    }
  }
  return { taken, left }
}

function versionOf(text: string): number {
  const version = /^\d+$/.test(text) ? Number(text) : 0
  if (version >= OLDEST_POSTGRES) return version
  throw new UserError(
    `--postgres must be a major version, ${OLDEST_POSTGRES} or newer, not "${text}".`,
  )
}
