import { crc32 } from 'node:zlib'

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
/** 27 characters of base 62 hold 160 random bits. */
const BODY_LENGTH = 27
const CHECKSUM_LENGTH = 6

const REST = new RegExp(`^[0-9A-Za-z]{${BODY_LENGTH + CHECKSUM_LENGTH}}$`)

/** A new code: `prefix`, 160 random bits, and a checksum by which scanners can tell a real one. */
export function mintCode(prefix: string): string {
  let body = ''
  while (body.length < BODY_LENGTH) {
    for (const byte of crypto.getRandomValues(new Uint8Array(BODY_LENGTH))) {
      // Bytes from 248 on are dropped: a remainder would make some characters likelier.
      if (byte < 248 && body.length < BODY_LENGTH) body += ALPHABET[byte % 62]
    }
  }
  return prefix + body + checksum(body)
}

/** Whether text has the form and checksum of a code: what does not is refused without a look-up. */
export function isCode(prefix: string, text: string): boolean {
  const rest = text.slice(prefix.length)
  if (!text.startsWith(prefix) || !REST.test(rest)) return false
  return rest.endsWith(checksum(rest.slice(0, BODY_LENGTH)))
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
