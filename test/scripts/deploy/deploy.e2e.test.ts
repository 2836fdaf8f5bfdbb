import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest'
import { openDatabase } from '../../../db/client.ts'
import { checkDatabase } from '../../../db/queries/health.ts'
import { type DeployDeps, deploy } from '../../../scripts/deploy/deploy.ts'
import { migrationsOf } from '../../../scripts/deploy/migrations.ts'
import { runWrangler } from '../../../scripts/deploy/wrangler-cli.ts'
import { type Bundle, bundleWorker } from '../../../scripts/local/bundle.ts'
import { ROOT } from '../../../scripts/local/wrangler.ts'
import { APP_PASSWORD, createOwned, withRoleLock } from '../../harness/databases.ts'
import { FakeCloudflare } from './cloudflare.ts'

type Owned = Awaited<ReturnType<typeof createOwned>>

const run = promisify(execFile)
const password = 'correct horse battery staple'
const jwtSecret = 'j'.repeat(40)
const setupSecret = 's'.repeat(40)

let folder: string
let bundle: Bundle
let catalog: Owned
let shard: Owned
let cloudflare: FakeCloudflare
let said: string[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tendril-deploy-test-'))
  bundle = await bundleWorker(join(folder, 'build'))
})

afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  catalog = await createOwned()
  shard = await createOwned()
  cloudflare = new FakeCloudflare(await mkdtemp(join(folder, 'account-')), bundle, {
    TENDRIL_REGISTRATION: 'closed',
    TENDRIL_SQL_ENDPOINT: inject('sqlEndpoint'),
  })
  said = []
  return async () => {
    await cloudflare.stop()
    await catalog.drop()
    await shard.drop()
  }
})

const ownerVariables = () => ({
  TENDRIL_CATALOG_OWNER_URL: catalog.ownerUrl,
  TENDRIL_SHARD_OWNER_URLS: JSON.stringify([{ id: 'shard-1', url: shard.ownerUrl }]),
  TENDRIL_APP_PASSWORD: APP_PASSWORD,
})
const secrets = { TENDRIL_JWT_SECRET: jwtSecret, TENDRIL_SETUP_SECRET: setupSecret }

function deps(variables: Record<string, string>, changes: Partial<DeployDeps> = {}): DeployDeps {
  return {
    variables,
    configPath: join(ROOT, 'wrangler.toml'),
    wrangler: cloudflare.wrangler,
    checkRole: (url) => checkDatabase(openDatabase(url, inject('sqlEndpoint'))),
    isInteractive: false,
    fetch,
    pause: async () => {},
    say: (line) => said.push(line),
    ...changes,
  }
}

/** Runs a deploy; resolves with why it was refused, or with null. */
async function attempt(
  variables: Record<string, string>,
  changes: Partial<DeployDeps> = {},
  options: { isDryRun?: boolean; migrates?: boolean } = {},
): Promise<string | null> {
  let refusal: string | null = null
  await withRoleLock(async () => {
    try {
      await deploy({ isDryRun: false, migrates: true, ...options }, deps(variables, changes))
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'UserError') throw error
      refusal = error.message
    }
  })
  expectNoSecrets([refusal ?? '', ...said, ...cloudflare.calls.flat()], variables)
  return refusal
}

/** Neither the person's screen nor the list of processes may show one. */
function expectNoSecrets(texts: readonly string[], variables: Record<string, string>): void {
  const values = Object.entries(variables)
    .filter(([name]) => name.startsWith('TENDRIL_') && name !== 'TENDRIL_URL')
    .map(([, value]) => value)
  for (const text of texts) {
    for (const value of [...values, APP_PASSWORD, 'tendril-test-owner']) {
      expect(text).not.toContain(value)
    }
  }
}

async function tablesIn({ ownerUrl }: Owned): Promise<number> {
  return withOwner(ownerUrl, async (client) => {
    const { rows } = await client.query<{ n: number }>(
      `select count(*)::int as n from pg_class where relnamespace = 'public'::regnamespace`,
    )
    return rows[0]?.n ?? 0
  })
}

async function withOwner<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client(url)
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end()
  }
}

const uploadedFiles = () =>
  cloudflare.calls
    .filter((args) => args.includes('--secrets-file'))
    .flatMap((args) => args[args.indexOf('--secrets-file') + 1] ?? [])

describe('a deploy', () => {
  it('goes from empty databases to the first owner, and can be repeated', async () => {
    expect(await attempt({ ...ownerVariables(), ...secrets })).toBeNull()
    const url = /(http:\S+) is ready/.exec(said.join('\n'))?.[1]
    expect(cloudflare.uploads).toEqual([
      ['TENDRIL_CATALOG_URL', 'TENDRIL_JWT_SECRET', 'TENDRIL_SETUP_SECRET', 'TENDRIL_SHARDS'],
    ])
    // The file with the secrets is gone.
    expect(uploadedFiles().filter((path) => existsSync(path))).toEqual([])

    const body = { tenant_name: 'Ours', email: 'ada@example.com', password }
    const register = (fields: object) =>
      fetch(`${url}/api/v1/auth/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, ...fields }),
      })
    expect((await register({})).status).toBe(403)
    expect((await register({ setup_secret: setupSecret })).status).toBe(201)
    expect((await register({ setup_secret: setupSecret })).status).toBe(403)
    expect(said.join('\n')).toContain(`curl '${url}/api/v1/auth/register'`)

    // What the account has stays, and nothing is lost. The connection strings get the password that
    // the migration has set.
    said = []
    expect(await attempt(ownerVariables())).toBeNull()
    expect(cloudflare.uploads[1]).toEqual(['TENDRIL_CATALOG_URL', 'TENDRIL_SHARDS'])
    expect(said.filter((line) => line.endsWith('is up to date.'))).toHaveLength(2)
    const again = /(http:\S+) is ready/.exec(said.join('\n'))?.[1]
    const login = await fetch(`${again}/api/v1/auth/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email: body.email, password }),
    })
    expect(login.status).toBe(200)
  })

  it('names all that is missing at once, and changes nothing', async () => {
    cloudflare.state.isLoggedIn = false
    const refusal = await attempt({ TENDRIL_URL: 'tendril' })
    expect(refusal?.split('\n')).toEqual([
      'Nothing was changed. 6 things are missing or wrong:',
      expect.stringMatching(/^ {2}TENDRIL_CATALOG_OWNER_URL is missing: /),
      expect.stringMatching(/^ {2}TENDRIL_SHARD_OWNER_URLS is missing: /),
      expect.stringMatching(/^ {2}TENDRIL_APP_PASSWORD is missing: /),
      expect.stringMatching(/^ {2}TENDRIL_URL must look like /),
      expect.stringMatching(/^ {2}Cloudflare does not know you: /),
      expect.stringMatching(/^ {2}TENDRIL_JWT_SECRET is not given, and /),
    ])
    cloudflare.state.isLoggedIn = true
    expect(await attempt(ownerVariables())).toContain('TENDRIL_JWT_SECRET is missing')
    expect(await attempt({}, {}, { migrates: false })).toMatch(
      /CATALOG_URL is missing.*\n.*SHARDS is missing.*\n.*JWT_SECRET is missing/,
    )
    expect(cloudflare.uploads).toEqual([])
    expect([await tablesIn(catalog), await tablesIn(shard)]).toEqual([0, 0])
  })

  it('names the queues and buckets that are not there, and how to make them', async () => {
    const variables = { ...ownerVariables(), ...secrets }
    cloudflare.state.missing = ['tendril-log-dead', 'tendril-files']
    const refusal = await attempt(variables)
    expect(refusal?.split('\n')).toEqual([
      'Nothing was changed. 2 things are missing or wrong:',
      expect.stringMatching(/^ {2}the queue .*: npx wrangler queues create tendril-log-dead$/),
      expect.stringMatching(/^ {2}the R2 bucket .*: npx wrangler r2 bucket create tendril-files$/),
    ])
    expect(cloudflare.uploads).toEqual([])
    cloudflare.state.missing = []
    expect(await attempt(variables)).toBeNull()
  })

  it('names all that is malformed at once, without the values', async () => {
    const variables = {
      TENDRIL_CATALOG_OWNER_URL: 'postgres://me:mine@ep-x-1-pooler.example.com/catalog',
      TENDRIL_SHARD_OWNER_URLS: '[{"id":"shard-1"}]',
      TENDRIL_APP_PASSWORD: 'too short',
      TENDRIL_JWT_SECRET: 'short',
      TENDRIL_SETUP_SECRET: 'also short',
      TENDRIL_CATALOG_URL: 'https://example.com',
      TENDRIL_SHARDS: 'not json',
    }
    const refusal = await attempt(variables)
    const lines = refusal?.split('\n').slice(1) ?? []
    expect(lines.map((line) => /TENDRIL_\w+/.exec(line)?.[0]).sort()).toEqual(
      Object.keys(variables).sort(),
    )
  })

  it('finds connection strings that do not fit each other', async () => {
    const owner = ownerVariables()
    const other = new URL(owner.TENDRIL_CATALOG_OWNER_URL)
    other.pathname = '/another'
    other.username = 'tendril_app'
    other.password = 'another password'
    const refusal = await attempt({
      ...owner,
      ...secrets,
      TENDRIL_CATALOG_URL: other.href,
      TENDRIL_SHARDS: JSON.stringify([{ id: 'shard-2', url: shard.ownerUrl }]),
    })
    expect(refusal).toContain('TENDRIL_CATALOG_URL names another database')
    expect(refusal).toContain('TENDRIL_CATALOG_URL has another password than TENDRIL_APP_PASSWORD')
    expect(refusal).toContain('TENDRIL_SHARDS (shard-2) is not among TENDRIL_SHARD_OWNER_URLS')
    expect(refusal).toContain('TENDRIL_SHARDS (shard-2) must connect as tendril_app')
    expect(refusal).toContain('TENDRIL_SHARDS lacks shard-1')
  })

  it('asks which of several accounts, before anything else', async () => {
    cloudflare.state.accounts = [
      { id: 'a1', name: 'Ours' },
      { id: 'a2', name: 'Theirs' },
    ]
    const variables = { ...ownerVariables(), ...secrets }
    expect(await attempt(variables)).toContain('several accounts: a1 (Ours), a2 (Theirs)')
    expect(await attempt({ ...variables, CLOUDFLARE_ACCOUNT_ID: 'a1' })).toBeNull()
  })

  it('uploads nothing when a database cannot be migrated, and goes on when it can', async () => {
    const variables = { ...ownerVariables(), ...secrets }
    await withOwner(shard.ownerUrl, (client) => client.query('create table graphs ()'))
    const refusal = await attempt(variables)
    expect(refusal).toMatch(
      /^shard shard-1 \(.*\) was not migrated: relation "graphs" already exists/,
    )
    expect(cloudflare.uploads).toEqual([])
    await withOwner(shard.ownerUrl, (client) => client.query('drop table graphs'))
    expect(await attempt(variables)).toBeNull()
  })

  it('uploads nothing when a database does not answer', async () => {
    const url = new URL(shard.ownerUrl)
    url.port = '1'
    const refusal = await attempt({
      ...ownerVariables(),
      ...secrets,
      TENDRIL_SHARD_OWNER_URLS: JSON.stringify([{ id: 'shard-1', url: url.href }]),
    })
    expect(refusal).toMatch(/Nothing was changed.*\n {2}shard shard-1 \(.*\) does not answer: /)
    expect(cloudflare.uploads).toEqual([])
    expect(await tablesIn(catalog)).toBe(0)
  })

  it('uploads nothing when the role that serves could bypass row security', async () => {
    const variables = { ...ownerVariables(), ...secrets }
    expect(await attempt(variables)).toBeNull()
    await withOwner(shard.ownerUrl, (client) =>
      client.query('alter table entities no force row level security'),
    )
    expect(await attempt(variables)).toBe(
      'The worker was not uploaded: for tendril_app, shard shard-1: the runtime role can bypass row-level security.',
    )
    expect(cloudflare.uploads).toHaveLength(1)
  })

  it('that fails to upload says why without secrets, and can be repeated', async () => {
    const variables = { ...ownerVariables(), ...secrets }
    cloudflare.state.uploadError = `the secret ${jwtSecret} is too good`
    expect(await attempt(variables)).toBe('The worker was not uploaded: the secret … is too good')
    expect(await attempt(variables)).toBeNull()
  })

  it('says which part is not ready', async () => {
    const checks = {
      catalog: { status: 'ok' },
      'shard:shard-1': { status: 'down', reason: 'gone' },
    }
    let asked = 0
    const refusal = await attempt(
      { ...ownerVariables(), ...secrets, TENDRIL_URL: 'https://tendril.example.com/' },
      {
        fetch: async (url) => {
          asked += 1
          expect(url).toBe('https://tendril.example.com/health/ready')
          return Response.json({ status: 'down', checks }, { status: 503 })
        },
      },
    )
    expect(refusal).toMatch(
      /is not ready\. One thing is missing or wrong:\n {2}shard:shard-1 is down: gone/,
    )
    expect(asked).toBeGreaterThan(10)
  })

  it('with --no-migrate leaves the databases alone', async () => {
    const app = new URL(catalog.ownerUrl)
    app.username = 'tendril_app'
    app.password = APP_PASSWORD
    const given = {
      ...secrets,
      TENDRIL_CATALOG_URL: app.href,
      TENDRIL_SHARDS: JSON.stringify([{ id: 'shard-1', url: app.href }]),
    }
    // Nobody has migrated them elsewhere: the worker says so.
    const refusal = await attempt(given, {}, { migrates: false })
    expect(refusal).toMatch(/is uploaded, and .* is not ready/)
    expect(refusal).toContain('catalog is down: the database is not migrated')
    expect(refusal).toContain('shard:shard-1 is down: the database is not migrated')
    expect(await tablesIn(catalog)).toBe(0)
  })

  it('in Cloudflare’s own build, before the Worker has its secrets, uploads and says so', async () => {
    const { TENDRIL_JWT_SECRET: _, ...given } = { ...ownerVariables(), ...secrets }
    expect(await attempt(given)).toContain('TENDRIL_JWT_SECRET is missing')
    expect(await attempt({ ...given, WORKERS_CI: '1' })).toBeNull()
    expect(said.join('\n')).toContain('Whether it has its secrets is not known')
  })
})

describe('a dry run', () => {
  const dry = { isDryRun: true }

  it('tells what would be done, and does none of it', async () => {
    const variables = { ...ownerVariables(), ...secrets }
    expect(await attempt(variables, { wrangler: runWrangler }, dry)).toBeNull()
    const catalogTags = migrationsOf('catalog').map(({ tag }) => tag)
    const shardTags = migrationsOf('shard').map(({ tag }) => tag)
    const text = said.join('\n')
    expect(text).toContain(`would be migrated by ${catalogTags.join(', ')}`)
    expect(text).toContain(`would be migrated by ${shardTags.join(', ')}`)
    expect(text).toContain('TENDRIL_JWT_SECRET: is given, would be set')
    expect(text).toMatch(/would be uploaded: [\d,]+ KiB, [\d,]+ KiB gzipped/)
    expect([await tablesIn(catalog), await tablesIn(shard)]).toEqual([0, 0])

    expect(await attempt(variables)).toBeNull()
    said = []
    expect(await attempt(variables, {}, dry)).toBeNull()
    expect(said.filter((line) => line.endsWith('is up to date'))).toHaveLength(2)
  })

  it('tells what is optional from what the account must have', async () => {
    await attempt(ownerVariables(), {}, dry)
    expect(said.join('\n')).toMatch(/^TENDRIL_JWT_SECRET: is not given: the account must have it/m)
    expect(said.join('\n')).toMatch(/^UPSTASH_REDIS_CACHE_URL: is not given; it is optional/m)
  })

  it('works where no database answers, and says that it could not look', async () => {
    const url = new URL(catalog.ownerUrl)
    url.port = '1'
    const variables = { ...ownerVariables(), TENDRIL_CATALOG_OWNER_URL: url.href }
    expect(await attempt(variables, {}, dry)).toBeNull()
    expect(said.join('\n')).toMatch(/^catalog \(.*\): could not look what it lacks: /m)
  })

  it('is refused by what is missing or malformed, after it told the rest', async () => {
    const variables = { TENDRIL_JWT_SECRET: 'short' }
    const refusal = await attempt(variables, {}, dry)
    expect(refusal).toMatch(/^4 things are missing or wrong:/)
    expect(said.join('\n')).toMatch(/would be uploaded/)
  })
})

describe('npm run deploy', () => {
  const script = join(ROOT, 'scripts', 'deploy.ts')
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(TENDRIL|CLOUDFLARE)_/.test(name)),
  )

  async function cli(...args: string[]) {
    try {
      const { stdout, stderr } = await run(process.execPath, [script, ...args], { env })
      return { code: 0, stdout, stderr }
    } catch (error) {
      return error as { code: number; stdout: string; stderr: string }
    }
  }

  it('rehearses without an account or a database', async () => {
    const { code, stdout, stderr } = await cli('--dry-run', '--no-migrate')
    expect([code, stderr]).toEqual([0, ''])
    expect(stdout).toMatch(/^The worker tendril would be uploaded: [\d,]+ KiB/m)
  })

  it('reads a file of variables, and ends with 1 when one is wrong', async () => {
    const file = join(folder, 'deploy.env')
    await writeFile(file, `TENDRIL_JWT_SECRET='short'\nTENDRIL_APP_PASSWORD="long enough 12"\n`)
    const { code, stderr } = await cli('--dry-run', '--variables', file)
    expect(code).toBe(1)
    expect(stderr).toContain('TENDRIL_JWT_SECRET: ')
    expect(stderr).not.toContain('TENDRIL_APP_PASSWORD')
    expect(stderr).toContain('TENDRIL_CATALOG_OWNER_URL is missing')
    expect(stderr).not.toMatch(/^\s+at /m)
  })

  it('names what it does not know, in a sentence', async () => {
    expect((await cli('--force')).stderr).toBe("Unknown option '--force' (try --help)\n")
    const { code, stderr } = await cli('--variables', join(folder, 'nowhere'))
    expect(code).toBe(1)
    expect(stderr).toMatch(/nowhere cannot be read: ENOENT/)
    expect((await cli('--help')).stdout).toContain('npm run deploy -- [options]')
  })
})
