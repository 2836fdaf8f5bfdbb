import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { writePrivate } from './private-file.ts'
import { UserError } from './user-error.ts'

/** What the local stack makes up once and keeps, so that data and sessions outlive a restart. */
export type Secrets = {
  /** Password of tendril_owner, who owns the databases. */
  readonly ownerPassword: string
  /** Password of tendril_app, as whom the worker connects. */
  readonly appPassword: string
  /** Signs access tokens. */
  readonly jwtSecret: string
  /** Opens the Redis of caches. */
  readonly redisCacheToken: string
  /** Opens the Redis of sessions and the like. */
  readonly redisStateToken: string
}

const NAMES = ['ownerPassword', 'appPassword', 'jwtSecret'] as const
/** What came later: a file without them gets them. */
const LATER_NAMES = ['redisCacheToken', 'redisStateToken'] as const
const SECRET_BYTES = 32

/** Reads the secrets kept in `dataDir`, or makes them. Throws a UserError when they are broken. */
export function loadSecrets(dataDir: string): Secrets {
  const path = join(dataDir, 'secrets.json')
  const text = readIfThere(path)
  const kept = text === undefined ? {} : parse(path, text)
  const secrets: Secrets = {
    ownerPassword: random(),
    appPassword: random(),
    jwtSecret: random(),
    redisCacheToken: random(),
    redisStateToken: random(),
    ...kept,
  }
  if ([...NAMES, ...LATER_NAMES].every((name) => name in kept)) return secrets
  mkdirSync(dataDir, { recursive: true })
  writePrivate(path, secrets)
  return secrets
}

function random(): string {
  // Letters and digits only: they go into URLs and SQL.
  return randomBytes(SECRET_BYTES).toString('hex')
}

function parse(path: string, text: string): Partial<Secrets> {
  try {
    const secrets: Partial<Secrets> = JSON.parse(text)
    const later = LATER_NAMES.filter((name) => secrets[name] !== undefined)
    if ([...NAMES, ...later].every((name) => /^\w{32,}$/.test(secrets[name] ?? ''))) return secrets
  } catch {
    // Not JSON: cut off by a full disk, or edited.
  }
  throw new UserError(
    `The file ${path} is broken; \`npm start -- --fresh\` deletes all local data and starts anew.`,
  )
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}
