import noSimd from 'argon2id/dist/no-simd.wasm'
import simd from 'argon2id/dist/simd.wasm'
import setupWasm, { type computeHash } from 'argon2id/lib/setup.js'

/** OWASP's minimum for argon2id (Password Storage Cheat Sheet, 2025): 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { memorySize: 19_456, passes: 2, parallelism: 1 }
const TAG_BYTES = 32
const SALT_BYTES = 16

/** Hashes a password as a PHC string: `$argon2id$v=19$m=…,t=…,p=…$salt$hash`. About 50 ms of CPU. */
export async function hashPassword(password: string): Promise<string> {
  const salt = crypto.getRandomValues(new Uint8Array(SALT_BYTES))
  const tag = await argon2id(password, salt, PARAMETERS)
  const { memorySize, passes, parallelism } = PARAMETERS
  return `$argon2id$v=19$m=${memorySize},t=${passes},p=${parallelism}$${base64(salt)}$${base64(tag)}`
}

/**
 * Whether `password` is the one that `phc` was made from. `null` for a user that does not exist:
 * takes as long as for one who does, so that the time tells nothing.
 */
export async function verifyPassword(password: string, phc: string | null): Promise<boolean> {
  const stored = parsePhc(phc ?? NOBODY)
  if (!stored) throw new Error('a stored password hash is not an argon2id PHC string')
  const tag = await argon2id(password, stored.salt, stored)
  return crypto.subtle.timingSafeEqual(tag, stored.tag) && phc !== null
}

const NOBODY = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

function parsePhc(phc: string) {
  const match = PHC.exec(phc)
  if (!match) return null
  const [, memorySize, passes, parallelism, salt = '', tag = ''] = match
  return {
    memorySize: Number(memorySize),
    passes: Number(passes),
    parallelism: Number(parallelism),
    salt: Uint8Array.from(atob(salt), (character) => character.charCodeAt(0)),
    tag: Uint8Array.from(atob(tag), (character) => character.charCodeAt(0)),
  }
}

async function argon2id(
  password: string,
  salt: Uint8Array,
  parameters: { memorySize: number; passes: number; parallelism: number },
): Promise<Uint8Array> {
  const compute = await load()
  return compute({
    password: new TextEncoder().encode(password.normalize('NFKC')),
    salt,
    memorySize: parameters.memorySize,
    passes: parameters.passes,
    parallelism: parameters.parallelism,
    tagLength: TAG_BYTES,
  })
}

/**
 * One instance per isolate: each has 65 MiB of memory of its own. It computes synchronously and clears
 * that memory, so requests do not get in each other's way.
 */
let loaded: computeHash | null = null

/** Compiled by the bundler: the runtime forbids compiling WebAssembly at run time. */
async function load(): Promise<computeHash> {
  loaded ??= await setupWasm(
    (imports) => instantiate(simd, imports),
    (imports) => instantiate(noSimd, imports),
  )
  return loaded
}

async function instantiate(module: WebAssembly.Module, imports: WebAssembly.Imports) {
  return { module, instance: await WebAssembly.instantiate(module, imports) }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes)).replace(/=+$/, '')
}
