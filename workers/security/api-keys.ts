import { isCode, mintCode } from './checked-code.ts'

const PREFIX = 'tendril_live_'
const HINT_LENGTH = PREFIX.length + 4

/** A new key: `tendril_live_`, 160 random bits, and a checksum. */
export function mintApiKey(): string {
  return mintCode(PREFIX)
}

/** Whether text has the form and checksum of a key: what does not is refused without a look-up. */
export function isApiKey(text: string): boolean {
  return isCode(PREFIX, text)
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
