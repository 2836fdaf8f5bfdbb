import { crc32 } from 'node:zlib'

const PREFIX = 'tendril_live_'
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 27 characters of base 62 hold 160 random bits. */
const BODY_LENGTH = 27
const CHECKSUM_LENGTH = 6
const HINT_LENGTH = PREFIX.length + 4

const PATTERN = new RegExp(`^${PREFIX}[0-9A-Za-z]{${BODY_LENGTH + CHECKSUM_LENGTH}}$`)

/** A new key: `tendril_live_`, 160 random bits, and a checksum by which scanners can tell a real one. */
export function mintApiKey(): string {
  let body = ''
  while (body.length < BODY_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(BODY_LENGTH))) {
      // Bytes from 248 on are dropped: a remainder would make some characters likelier.
      if (byte < 248 && body.length < BODY_LENGTH) body += ALPHABET[byte % 62]
    }
  }
  return PREFIX + body + checksum(body)
}

/** Whether text has the form and checksum of a key: what does not is refused without a look-up. */
export function isApiKey(text: string): boolean {
  if (!PATTERN.test(text)) return false
  const body = text.slice(PREFIX.length, -CHECKSUM_LENGTH)
  return text.endsWith(checksum(body))
}

/** What is stored instead of the key. */
export async function hashApiKey(key: string): Promise<string> {
  return sha256Hex(key)
}

/** The part of a key that may be shown again. */
export function apiKeyHint(key: string): string {
  return key.slice(0, HINT_LENGTH)
}

export async function sha256Hex(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

function checksum(body: string): string {
  let rest = crc32(body)
  let text = ''
  for (let i = 0; i < CHECKSUM_LENGTH; i += 1) {
    text = ALPHABET[rest % 62] + text
    rest = Math.floor(rest / 62)
  }
  return text
}
