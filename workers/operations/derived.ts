import type { Held } from '../../core/cache/entry.ts'
import { TTL_MS } from '../../core/cache/kinds.ts'
import { askOf } from '../../core/cache/read.ts'
import { checkBookmark } from '../../core/cache/without-log.ts'
import { AppError, isAppError, notFound } from '../../core/errors.ts'
import type { Json } from '../../core/json.ts'
import { type Dependencies, derivedTag, derivedTags } from '../../core/log/derived-tags.ts'
import { MAX_TAGS } from '../../core/log/read-tags.ts'
import type { GraphContext } from '../context.ts'
import { freshnessOf } from './access.ts'
import { graphOperation } from './define.ts'
import { purgeGraph } from './purge-cache.ts'
import { readValue } from './read-graph.ts'
import { type Answer, answer, bookmarkOf } from './records.ts'

/** Most characters of a value's JSON text. */
export const MAX_DERIVED_CHARACTERS = 256 * 1024
export const MAX_DERIVED_TTL_SECONDS = TTL_MS.derived / 1_000
/** Of a value's own tag there is one, too. */
export const MAX_DEPENDENCIES = MAX_TAGS - 1

/** A caller's own value, as it is kept. */
export type Derived = {
  readonly value: Json
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export type NewDerived = {
  readonly key: string
  readonly value: Json
  readonly dependsOn: Dependencies
  readonly ttlSeconds: number
}

/**
 * Keeps a value until anything that it depends on changes, in tiers that may forget it any time. The
 * caller's bookmark says which state it was derived from, so that one which comes too late is
 * refused, or is never served.
 */
export const putDerived = graphOperation(
  'graph.write',
  async (context, { key, value, dependsOn, ttlSeconds }: NewDerived): Promise<Answer<null>> => {
    const { services, graph } = context
    const text = JSON.stringify(value)
    if (text.length > MAX_DERIVED_CHARACTERS) {
      const message = `a derived value may have at most ${MAX_DERIVED_CHARACTERS} characters as JSON`
      throw new AppError('payload_too_large', message)
    }
    const freshness = freshnessOf(context, graph)
    const { bookmark } = freshness
    if (!bookmark) {
      throw new AppError(
        'malformed_request',
        'Tendril-Bookmark: send that of the first read which the value was derived from',
      )
    }
    const tags = derivedTags(key, dependsOn)
    const log = services.reader(graph)
    const { historyId, copy, askedAt } = await asked(context, bookmark.seq)
    checkBookmark({ bookmark }, historyId, copy.head)
    if (copy.lastTouched(tags) > bookmark.seq) {
      throw new AppError(
        'conflict',
        'what it depends on may have changed since it was read: derive it anew',
      )
    }
    const held: Held<Derived> = {
      kind: 'derived',
      seq: bookmark.seq,
      tags,
      value: { value, expiresAt: services.now() + ttlSeconds * 1_000 },
      bytes: text.length * 3,
      upTo: copy.head,
      knownAt: askedAt,
    }
    log.cache.store([[`${log.keyPrefix(historyId)}derived:${key}`, held]])
    return { value: null, bookmark: bookmarkOf(context, bookmark), replayed: false }
  },
)

/** What the log's object knows now, at least up to `atLeast` unless the log does not reach there. */
async function asked({ services, graph }: GraphContext, atLeast: number) {
  try {
    return await askOf(services.reader(graph), atLeast)
  } catch (cause) {
    if (isAppError(cause) && cause.code === 'not_found') throw cause
    const detail = { retryAfterSeconds: 1, cause }
    throw new AppError('unavailable', 'the log of this graph does not answer', detail)
  }
}

/** `null`: it was never there, has been forgotten, or something that it depends on has changed. */
export const readDerived = graphOperation(
  'graph.read',
  async (context, key: string): Promise<Answer<Derived> | null> => {
    try {
      const read = await readValue<Derived>(context, {
        ...{ kind: 'derived', name: key, tags: () => [] },
        // Only its caller could make it anew.
        load: async () => {
          throw new NotKept()
        },
      })
      const hasEnded = read.value.expiresAt <= context.services.now()
      return hasEnded ? null : answer(context, read.value, read)
    } catch (error) {
      if (error instanceof NotKept) return null
      throw error
    }
  },
)

class NotKept extends Error {}

/** Everywhere, by an event of the log: values of this key that were kept before are no more. */
export const forgetDerived = graphOperation(
  'graph.write',
  async (context, key: string): Promise<Answer<null>> => {
    const { bookmark } = await purgeGraph(context, context.graph, derivedTag(key))
    return { value: null, bookmark, replayed: false }
  },
)

export function noSuchDerived(): AppError {
  return notFound('this derived value, as far as the cache knows,')
}
