import { parseArgs } from 'node:util'
import { parsePort } from './port.ts'
import { UserError } from './user-error.ts'

/** Only this machine can reach the local server: its demo key is no secret. */
export const HOST = '127.0.0.1'

export type LocalOptions = {
  readonly port: number
  /** Where this run will serve. */
  readonly url: string
  /** Delete all local data first. */
  readonly fresh: boolean
  /** Load the sample graph, unless it is there. */
  readonly sample: boolean
}

const FLAGS_AND_VARIABLES = `
  --port <port>  where to serve on ${HOST}      default 8787
  --fresh        delete all local data first
  --no-sample    do not load the sample graph
  --help         this text

  TENDRIL_DIR     folder for all data              default .tendril in the project
  TENDRIL_PG_URL  use this PostgreSQL 15+ in place of the embedded one; its role may create
                  databases and roles (tendril_catalog, tendril_shard_1; tendril_owner, tendril_app)

Ctrl-C stops all of it. The data stays, and the next start goes on with it.`

/**
 * Reads the flags of the command line. Returns undefined after printing the help text, which
 * begins with `usage`. Throws a UserError for what it does not know.
 */
export function readLocalOptions(usage: string): LocalOptions | undefined {
  const values = readArguments()
  if (values.help) {
    console.log(`${usage}\n${FLAGS_AND_VARIABLES}`)
    return undefined
  }
  const port = parsePort(values.port)
  return { port, url: `http://${HOST}:${port}`, fresh: values.fresh, sample: values.sample }
}

function readArguments() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        port: { type: 'string', default: '8787' },
        fresh: { type: 'boolean', default: false },
        sample: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}
