import { describe, expect, it } from 'vitest'
import { encodeEtag, matchesEtag, parseEtag, parseEtags } from '../../../core/log/etag.ts'

const HISTORY = '050b130e-c9fa-46b0-aa5c-99348927ed4e'

describe('an ETag', () => {
  it('is read again as it was written, also when a proxy has weakened it', () => {
    const tag = encodeEtag(17, HISTORY)
    expect(tag).toBe('"17-050b130e"')
    for (const text of [tag, ` ${tag} `, `W/${tag}`]) {
      expect(parseEtag(text)).toEqual({ seq: 17, history: '050b130e' })
    }
  })

  it('of another history is another (H1)', () => {
    expect(encodeEtag(17, crypto.randomUUID())).not.toBe(encodeEtag(17, HISTORY))
  })

  it.each([
    '',
    '17',
    '"17"',
    '17-050b130e',
    '"x-050b130e"',
    '"17-050B130E"',
    '"1-2"',
    '*',
    '"1e9-050b130e"',
  ])('is not %j', (text) => {
    expect(parseEtag(text)).toBeNull()
  })
})

describe('If-None-Match', () => {
  it('names those of its tags that we may have given', () => {
    expect(parseEtags('"x", W/"1-aaaaaaaa" ,"2-bbbbbbbb", *')).toEqual([
      { seq: 1, history: 'aaaaaaaa' },
      { seq: 2, history: 'bbbbbbbb' },
    ])
  })

  it('matches by any of its tags, weak or not, and by *', () => {
    const tag = encodeEtag(17, HISTORY)
    for (const header of [tag, `W/${tag}`, `"x", ${tag}`, '*', ' * ']) {
      expect(matchesEtag(header, tag), header).toBe(true)
    }
    for (const header of ['', '"17"', '"117-050b130e"', tag.slice(1, -1), 'W/*']) {
      expect(matchesEtag(header, tag), header).toBe(false)
    }
  })
})
