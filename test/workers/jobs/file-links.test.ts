import { expect, it } from 'vitest'
import { tenantId } from '../../../core/ids.ts'
import { LINK_SECONDS, signFileLink, verifyFileLink } from '../../../workers/jobs/file-links.ts'
import { signAccessToken, verifyAccessToken } from '../../../workers/security/tokens.ts'

const SECRET = 'a secret of at least 32 characters'
const NOW_MS = Date.parse('2026-11-21T12:00:00Z')
const tenant = tenantId('01979c7e-3a5b-7cc0-8f43-6c5d2a1b0e9f')
const link = { tenantId: tenant, id: '01979c7e-0000-7cc0-8f43-6c5d2a1b0e9f', file: 1 }

it('shows what it was signed for until it expires, and then says so', async () => {
  const token = await signFileLink(SECRET, link, NOW_MS)
  expect(await verifyFileLink(SECRET, token, NOW_MS)).toEqual(link)
  const lastMs = NOW_MS + LINK_SECONDS * 1_000 - 1
  expect(await verifyFileLink(SECRET, token, lastMs)).toEqual(link)
  expect(await verifyFileLink(SECRET, token, lastMs + 1)).toBe('expired')
})

it('shows nothing by another secret, or when it was made for something else', async () => {
  const token = await signFileLink(SECRET, link, NOW_MS)
  expect(await verifyFileLink(`${SECRET}!`, token, NOW_MS)).toBeNull()
  expect(await verifyFileLink(SECRET, 'no token', NOW_MS)).toBeNull()
  const access = await signAccessToken(SECRET, { userId: link.id, tenantId: tenant }, NOW_MS)
  expect(await verifyFileLink(SECRET, access, NOW_MS)).toBeNull()
  expect(await verifyAccessToken(SECRET, token, NOW_MS)).toBeNull()
})
