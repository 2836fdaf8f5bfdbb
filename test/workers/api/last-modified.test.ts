import { describe, expect, it } from 'vitest'
import { lastModified, parseHttpDate } from '../../../workers/api/last-modified.ts'

const NOW = Date.UTC(2026, 10, 21, 12)

describe('an HTTP date (RFC 9110, 5.6.7)', () => {
  it.each([
    'Sun, 06 Nov 1994 08:49:37 GMT',
    'Sunday, 06-Nov-94 08:49:37 GMT',
    'Sun Nov  6 08:49:37 1994',
  ])('is read from %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBe(Date.UTC(1994, 10, 6, 8, 49, 37))
  })

  it('of two digits lies at most 50 years ahead', () => {
    expect(parseHttpDate('Monday, 06-Nov-76 00:00:00 GMT', NOW)).toBe(Date.UTC(2076, 10, 6))
    expect(parseHttpDate('Monday, 06-Nov-77 00:00:00 GMT', NOW)).toBe(Date.UTC(1977, 10, 6))
  })

  it.each([
    '',
    'yesterday',
    '2026-11-21T12:00:00Z',
    '0',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:00:00 GMT',
    'Sun, 6 Nov 1994 08:49:37 GMT',
  ])('is not %j', (text) => {
    expect(parseHttpDate(text, NOW)).toBeNull()
  })
})

describe('the date of a record', () => {
  it('is the second after its last change, so that no other change is in it', () => {
    expect(lastModified({ updated_at: '2026-11-21T11:00:00.200Z' }, NOW)).toMatchObject({
      ms: Date.UTC(2026, 10, 21, 11, 0, 1),
      text: 'Sat, 21 Nov 2026 11:00:01 GMT',
    })
    const whole = lastModified({ updated_at: '2026-11-21T11:00:00.000Z' }, NOW)
    expect(whole?.ms).toBe(Date.UTC(2026, 10, 21, 11))
  })

  it('is not told within a minute of the change, when another may follow', () => {
    const record = { updated_at: '2026-11-21T11:59:00.001Z' }
    expect(lastModified(record, NOW)).toBeNull()
    expect(lastModified(record, NOW + 1)?.ms).toBe(Date.UTC(2026, 10, 21, 11, 59, 1))
  })
})
