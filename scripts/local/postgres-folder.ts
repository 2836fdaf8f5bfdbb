import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { chown, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isAlive } from './is-alive.ts'
import type { Account } from './postgres-account.ts'
import type { Binaries } from './postgres-binaries.ts'
import { UserError } from './user-error.ts'

export const SUPERUSER = 'postgres'

export type FolderOptions = {
  readonly binaries: Binaries
  readonly account: Account | undefined
  readonly durable: boolean
  readonly onLog: (line: string) => void
}

// The C library's character classes decide what pg_trgm takes for a letter: under plain C it sees
// none outside ASCII. They have no say in the order of text, which PostgreSQL's own C.UTF-8 gives.
const CHARACTER_CLASSES = ['C.UTF-8', 'en_US.UTF-8', 'C']

const FIRST_WITH_OWN_ORDER = 17

const CLUSTER_ENTRY =
  /^(base|global|pg_[\w.]+|PG_VERSION|postgresql(\.auto)?\.conf|postmaster\.\w+)$/

// PostgreSQL gives its own three databases smaller numbers.
const FIRST_USER_DATABASE = 16_384

/**
 * Makes sure `dataDir` holds a whole cluster and returns the superuser's password. What a killed
 * initdb left is removed and made again; a folder that holds anything else is never deleted, but
 * rejected with a UserError.
 */
export async function prepareFolder(dataDir: string, options: FolderOptions): Promise<string> {
  await removeLeftovers(dataDir)
  if (isWhole(dataDir)) return readPassword(dataDir)
  if (existsSync(dataDir)) await removeRemnant(dataDir, options.onLog)
  const password = await makePassword(dataDir)
  await makeCluster(dataDir, password, options)
  return password
}

export function passwordFile(dataDir: string): string {
  return `${dataDir}.password`
}

/** The sentence for a folder PostgreSQL cannot use. */
export function brokenFolder(dataDir: string, reason: string, cause?: unknown): UserError {
  return new UserError(
    `The PostgreSQL data folder ${dataDir} cannot be used (${reason}); ` +
      '`npm start -- --fresh` deletes and rebuilds it.',
    { cause },
  )
}

function isWhole(dataDir: string): boolean {
  return ['PG_VERSION', 'global/pg_control'].every((file) => existsSync(join(dataDir, file)))
}

async function removeRemnant(dataDir: string, onLog: (line: string) => void): Promise<void> {
  const entries = await readdir(dataDir).catch((cause) => {
    throw new UserError(
      `The PostgreSQL data folder ${dataDir} cannot be read; it may belong to another user.`,
      { cause },
    )
  })
  const foreign = entries.find((entry) => !CLUSTER_ENTRY.test(entry))
  if (foreign !== undefined) {
    throw brokenFolder(dataDir, `it is not a PostgreSQL folder but holds ${foreign}`)
  }
  const databases = await readdir(join(dataDir, 'base')).catch(() => [])
  if (databases.some((name) => Number(name) >= FIRST_USER_DATABASE)) {
    throw brokenFolder(dataDir, 'files are missing from it')
  }
  if (entries.length > 0) onLog(`${dataDir} was only half made; making it again.`)
  await rm(dataDir, { recursive: true, force: true })
}

/** Cluster folders are made under another name, so a killed initdb never leaves a half one. */
async function makeCluster(dataDir: string, password: string, options: FolderOptions) {
  const staging = `${dataDir}.new-${process.pid}-${randomBytes(4).toString('hex')}`
  const pwfile = `${staging}.password`
  try {
    await mkdir(staging, { mode: 0o700 })
    await writeFile(pwfile, password, { mode: 0o600 })
    if (options.account !== undefined) {
      await chown(staging, options.account.uid, options.account.gid)
      await chown(pwfile, options.account.uid, options.account.gid)
    }
    await initdb(staging, pwfile, options)
    await rename(staging, dataDir).catch((error) => {
      // Another first start of the same folder was faster; only one of the two can run on it.
      if (!isWhole(dataDir)) throw error
    })
  } finally {
    await rm(pwfile, { force: true })
    await rm(staging, { recursive: true, force: true })
  }
}

async function initdb(folder: string, pwfile: string, options: FolderOptions): Promise<void> {
  let output = ''
  const order = await orderFlags(options)
  for (const characters of CHARACTER_CLASSES) {
    const args = [
      `--pgdata=${folder}`,
      `--username=${SUPERUSER}`,
      `--pwfile=${pwfile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      `--lc-ctype=${characters}`,
      ...order,
      '--no-instructions',
      ...(options.durable ? [] : ['--no-sync']),
    ]
    const result = await run(options.binaries.initdb, args, options.account)
    if (result.code === 0) return
    output = result.output
    if (!output.includes('invalid locale name')) break
  }
  throw new UserError(`PostgreSQL could not create its data folder ${folder}: ${lastLine(output)}.`)
}

/** PostgreSQL has an order of text of its own since 17; before, plain C gives the same order. */
async function orderFlags({ binaries, account }: FolderOptions): Promise<string[]> {
  const { output } = await run(binaries.initdb, ['--version'], account)
  const version = Number(/\d+/.exec(output)?.[0])
  return version < FIRST_WITH_OWN_ORDER
    ? []
    : ['--locale-provider=builtin', '--builtin-locale=C.UTF-8']
}

function run(program: string, args: string[], account: Account | undefined) {
  const env = { ...process.env, LC_ALL: 'C' }
  // PostgreSQL's programs fail in a working directory they cannot read; they can always read `/`.
  const child = spawn(program, args, { ...account, cwd: '/', env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString()
    })
  }
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

/** Removes what killed first starts left beside the folder. */
async function removeLeftovers(dataDir: string): Promise<void> {
  const prefix = `${basename(dataDir)}.new-`
  for (const entry of await readdir(dirname(dataDir))) {
    if (!entry.startsWith(prefix)) continue
    const maker = Number.parseInt(entry.slice(prefix.length), 10)
    if (isAlive(maker)) continue
    // An initdb that outlived its parent may still be writing: the next start removes the rest.
    await rm(join(dirname(dataDir), entry), { recursive: true, force: true }).catch(() => {})
  }
}

/** A password left by a first start that was killed before its folder was whole is used again. */
async function makePassword(dataDir: string): Promise<string> {
  const file = passwordFile(dataDir)
  const existing = await readFile(file, 'utf8').catch(() => '')
  if (existing !== '') return existing
  const password = randomBytes(24).toString('base64url')
  await writeFile(file, password, { mode: 0o600 })
  return password
}

async function readPassword(dataDir: string): Promise<string> {
  const file = passwordFile(dataDir)
  const password = await readFile(file, 'utf8').catch((cause) => {
    throw brokenFolder(dataDir, `its password file ${file} cannot be read`, cause)
  })
  if (password === '') throw brokenFolder(dataDir, `its password file ${file} is empty`)
  return password
}

function lastLine(output: string): string {
  return output.trim().split('\n').at(-1) ?? ''
}
