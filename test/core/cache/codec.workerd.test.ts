import { describe, expect, it } from 'vitest'
import { decodeEntry, encodeEntry } from '../../../core/cache/codec.ts'
import type { Entry } from '../../../core/cache/entry.ts'

/** Text that compresses about as well as records do. */
function textOf(characters: number): string {
  const words = Array.from({ length: 500 }, () => crypto.randomUUID().slice(0, 7))
  let text = ''
  while (text.length < characters) text += `${words[Math.floor(Math.random() * 500)]} `
  return text.slice(0, characters)
}

describe('an entry of the tiers beyond memory, in the runtime that serves', () => {
  it.each([10, 1_000, 1_024, 10_000, 131_072, 131_073, 300_000, 1_000_000, 4_000_000])(
    'with %i characters is read as it was written',
    async (characters) => {
      const entry: Entry<string> = {
        ...{ kind: 'list', seq: 7, tags: ['t:host'], bytes: characters },
        value: textOf(characters),
      }
      expect(await decodeEntry(await encodeEntry(entry))).toEqual(entry)
    },
  )
})
