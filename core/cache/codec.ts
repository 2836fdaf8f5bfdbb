import { promisify } from 'node:util'
import { zstdDecompress } from 'node:zlib'
import { compressed } from '../zstd.ts'
import type { Entry } from './entry.ts'

/**
 * Version of what tiers beyond memory hold, and part of every key: a deploy that changes the form of
 * values reads none of the old ones, and one that is rolled back finds its own again.
 */
export const FORMAT = 2

/** Below it compressing costs more than it saves. */
const COMPRESS_FROM_BYTES = 1_024

/** Most bytes an entry may decompress to: a tier is not trusted with an isolate's memory. */
const MAX_ENTRY_BYTES = 16 * 1024 * 1024

const decompress = promisify(zstdDecompress)

const PLAIN = 'j'
const COMPRESSED = 'z'

/** An entry as text: JSON, or base64 of its zstd frame (RFC 8878) when it is long. */
export async function encodeEntry(entry: Entry<unknown>): Promise<string> {
  const { kind, seq, tags, value, bytes } = entry
  const json = JSON.stringify([FORMAT, kind, seq, tags, bytes, value])
  if (json.length < COMPRESS_FROM_BYTES) return PLAIN + json
  return COMPRESSED + (await compressed(Buffer.from(json))).toString('base64')
}

/** `null` for anything that `encodeEntry` of this version did not write. */
export async function decodeEntry(text: string): Promise<Entry<unknown> | null> {
  try {
    const json =
      text[0] === COMPRESSED
        ? await decompress(Buffer.from(text.slice(1), 'base64'), {
            maxOutputLength: MAX_ENTRY_BYTES,
          })
        : text.slice(1)
    return parseEntry(JSON.parse(String(json)))
  } catch {
    // Cut off, of another version, or not ours: as good as absent.
    return null
  }
}

function parseEntry(parts: unknown): Entry<unknown> | null {
  if (!Array.isArray(parts)) return null
  const [format, kind, seq, tags, bytes, value] = parts
  if (format !== FORMAT || !Number.isSafeInteger(seq) || !Array.isArray(tags)) return null
  return { kind, seq, tags, bytes, value }
}
