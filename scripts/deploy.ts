import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs, parseEnv } from 'node:util'
import { openDatabase } from '../db/client.ts'
import { checkDatabase } from '../db/queries/health.ts'
import { deploy } from './deploy/deploy.ts'
import { runWrangler } from './deploy/wrangler-cli.ts'
import { explain } from './local/explain.ts'
import { UserError } from './local/user-error.ts'
import { ROOT } from './local/wrangler.ts'
import { OWNER_VARIABLES, type Variables } from './migrate/owner-settings.ts'

const HELP = `Brings the databases and the worker on your Cloudflare account to this release. Checks everything
first, changes nothing when something is missing, and can be repeated.

  npm run deploy
  npm run deploy -- [options]

  --dry-run          say what would be done, without asking Cloudflare
  --variables <file> read variables from a file (NAME=value) as well; the environment goes first
  --no-migrate       leave the databases alone: they were migrated elsewhere
  --help             this text

To migrate:
${Object.entries(OWNER_VARIABLES)
  .map(([name, meaning]) => `  ${name.padEnd(26)} ${meaning}`)
  .join('\n')}

Secrets of the worker. Those given are set; others must be on the account already:
  TENDRIL_JWT_SECRET         at least 32 random characters: openssl rand -hex 32
  TENDRIL_SETUP_SECRET       the same, another one; registers the first owner, once
  TENDRIL_CATALOG_URL        catalog database, as tendril_app      made of the above when absent
  TENDRIL_SHARDS             JSON array of {"id", "url"}, likewise  made of the above when absent

Where to:
  CLOUDFLARE_API_TOKEN       or \`npx wrangler login\`
  CLOUDFLARE_ACCOUNT_ID      when you have several accounts
  TENDRIL_URL                where the worker is reached, when it has a domain of its own

docs/deploy.md goes through all of it.`

try {
  await main()
} catch (error) {
  console.error(explain(error).text)
  process.exitCode = 1
}

async function main(): Promise<void> {
  const flags = readArguments()
  if (flags.help) {
    console.log(HELP)
    return
  }
  const variables: Variables = { ...readVariables(flags.variables), ...process.env }
  await deploy(
    { isDryRun: flags['dry-run'], migrates: flags.migrate },
    {
      variables,
      configPath: join(ROOT, 'wrangler.toml'),
      wrangler: runWrangler,
      checkRole: (url) => checkDatabase(openDatabase(url, variables.TENDRIL_SQL_ENDPOINT)),
      isInteractive: process.stdin.isTTY === true && process.stdout.isTTY === true,
      fetch,
      pause: (ms) => pause(ms),
      say: (line) => console.log(line),
    },
  )
}

function readVariables(path: string | undefined): Variables {
  if (path === undefined) return {}
  try {
    return parseEnv(readFileSync(path, 'utf8'))
  } catch (cause) {
    throw new UserError(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`)
  }
}

function readArguments() {
  try {
    return parseArgs({
      allowNegative: true,
      options: {
        'dry-run': { type: 'boolean', default: false },
        // Not --env-file: node takes that for itself, wherever it stands.
        variables: { type: 'string' },
        migrate: { type: 'boolean', default: true },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    // parseArgs throws for unknown options, with a message that names them.
    throw new UserError(`${error instanceof Error ? error.message : error} (try --help)`)
  }
}
