import { sha256Hex } from './api-keys.ts'
import { isCode, mintCode } from './checked-code.ts'

const PREFIX = 'tendril_invite_'

/** A new code: `tendril_invite_`, 160 random bits, and a checksum. */
export function mintInvitationCode(): string {
  return mintCode(PREFIX)
}

/** Whether text has the form and checksum of a code: what does not is refused without a look-up. */
export function isInvitationCode(text: string): boolean {
  return isCode(PREFIX, text)
}

/** What is stored instead of the code. */
export function hashInvitationCode(code: string): Promise<string> {
  return sha256Hex(code)
}
