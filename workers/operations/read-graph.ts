import type { CacheKind } from '../../core/cache/kinds.ts'
import type { Loaded, LogReader, ReadAnswer, Spent } from '../../core/cache/log-reader.ts'
import { read, readAtOnce } from '../../core/cache/read.ts'
import { type Holding, type Unchanged, unchanged } from '../../core/cache/unchanged.ts'
import type { ReadAt } from '../../db/queries/entities.ts'
import type { GraphContext } from '../context.ts'
import { freshnessOf } from './access.ts'

/** One value of a graph: how to name it, to load it, and what it depends on. */
export type GraphRead<T> = {
  readonly kind: CacheKind
  /** Unique among the values of its kind. */
  readonly name: string
  readonly load: () => Promise<ReadAt<T>>
  readonly tags: (value: T) => readonly string[]
  /** Read anew each time, and not kept. */
  readonly isUncached?: boolean
}

export type GraphAnswer<T> = Omit<ReadAnswer<unknown>, 'values'> & {
  readonly value: T
  readonly spent?: Spent | undefined
}

/** Reads one value at the consistency that the request asks for. */
export async function readValue<T>(
  context: GraphContext,
  { kind, name, load, tags, isUncached = false }: GraphRead<T>,
): Promise<GraphAnswer<T>> {
  const reader = readerOf(context)
  const { consistency, bookmark, arrivedAt } = freshnessOf(context, context.graph)
  const wanted = { kind, isUncached, names: [`${kind}:${name}`], consistency, bookmark, arrivedAt }
  const atOnce = readAtOnce<T>(reader, wanted)
  if (atOnce) return withValue(atOnce, atOnce.values[0] as T, reader)
  const answer = await read<T>(reader, {
    ...wanted,
    load: async (): Promise<Loaded<T>> => {
      const { value, seq, historyId } = await load()
      const loaded = { value, tags: tags(value), bytes: sizeOf(value) }
      return { seq, historyId, values: [loaded] }
    },
  })
  return withValue(answer, answer.values[0] as T, reader)
}

function withValue<T>(
  { historyId, seq, seen, source, ageMs, isStale }: ReadAnswer<unknown>,
  value: T,
  { spent }: LogReader,
): GraphAnswer<T> {
  return { value, historyId, seq, seen, source, ageMs, isStale, spent }
}

/** Several values of one kind, each cached for itself, and all of one seq (R1). */
export async function readValues<T>(
  context: GraphContext,
  kind: CacheKind,
  {
    names,
    load,
    tags,
  }: {
    readonly names: readonly string[]
    readonly load: (indexes: readonly number[]) => Promise<ReadAt<readonly T[]>>
    readonly tags: (value: T, index: number) => readonly string[]
  },
): Promise<GraphAnswer<readonly T[]>> {
  const reader = readerOf(context)
  const { values, ...answer } = await read<T>(reader, {
    ...{ kind, names: names.map((name) => `${kind}:${name}`) },
    ...freshnessOf(context, context.graph),
    load: async (indexes): Promise<Loaded<T>> => {
      const { value, seq, historyId } = await load(indexes)
      return {
        ...{ seq, historyId },
        values: value.map((each, at) => ({
          value: each,
          tags: tags(each, indexes[at] ?? 0),
          bytes: sizeOf(each),
        })),
      }
    },
  })
  return { value: values, spent: reader.spent, ...answer }
}

/**
 * Whether the caller has what a read that looks at `tags` would give, which then needs no value.
 * `isVersion`: the ETags of that read are versions of a record. `null`: it has to be done.
 */
export async function unchangedSince(
  context: GraphContext,
  what: Omit<Holding, 'etags'>,
): Promise<(Unchanged & { readonly spent?: Spent | undefined }) | null> {
  const { graph, ifNoneMatch } = context
  if (ifNoneMatch === null || ifNoneMatch.etags.length === 0) return null
  const holding = { etags: ifNoneMatch.etags, ...what }
  // What is wrong, or away, the read itself runs into, and may know a way round.
  const reader = readerOf(context)
  const same = await unchanged(reader, freshnessOf(context, graph), holding).catch(() => null)
  return same && { ...same, spent: reader.spent }
}

function readerOf({ services, graph, graphReader }: GraphContext) {
  return graphReader ?? services.reader(graph)
}

/** An object takes about three times the bytes of its JSON text. */
const OBJECT_FACTOR = 3

function sizeOf(value: unknown): number {
  return JSON.stringify(value).length * OBJECT_FACTOR
}
