import { AppError, notFound } from '../../core/errors.ts'
import type { Bookmark } from '../../core/log/bookmark.ts'
import type {
  Content,
  ContentPatch,
  Kind,
  Patch,
  Ref,
  WriteEntity,
  WriteRelationship,
} from '../../core/log/commands.ts'
import type { ListQuery } from '../../core/log/list-query.ts'
import { listTags, logTags, neighborsTags, recordTags } from '../../core/log/read-tags.ts'
import type { Entity, Relationship } from '../../core/log/records.ts'
import type { OpDone } from '../../core/log/requests.ts'
import {
  getEntities,
  getEntity,
  listEntities,
  listNeighbors,
  type NeighborQuery,
  type ReadAt,
} from '../../db/queries/entities.ts'
import { entityAsOf, recordsAtVersions } from '../../db/queries/events.ts'
import {
  getRelationship,
  getRelationships,
  listRelationships,
} from '../../db/queries/relationships.ts'
import type { GraphContext } from '../context.ts'
import { afterWrite } from './after-write.ts'
import { graphOperation } from './define.ts'
import { readByPlan } from './read-by-plan.ts'
import { type GraphAnswer, readValue, readValues, unchangedSince } from './read-graph.ts'
import { type Written, write } from './write.ts'

/** An answer and the place in the graph's log that it speaks of. */
export type Answer<T> = {
  readonly value: T
  readonly bookmark: Bookmark
  readonly replayed: boolean
  /** How a read came by it; absent for writes. */
  readonly read?: ReadInfo
}

/** An answer whose value the caller has: the ETag says which. */
export type NotModified = Omit<Answer<never>, 'value'> & { readonly etag: string }

export type ReadInfo = Pick<GraphAnswer<unknown>, 'source' | 'ageMs' | 'isStale' | 'spent'> & {
  /** Seq at which the answer was so. */
  readonly seq: number
}

type Names = { readonly ids: readonly string[]; readonly externalIds: readonly string[] }

export const readEntity = graphOperation('graph.read', async (context, id: string) => {
  const tags = () => recordTags({ id })
  const same = context.ifNoneMatch && (await notModified(context, tags(), true))
  if (same) return same
  const load = () => getEntity(shardOf(context), context.graph, id)
  const read = await readValue(context, { kind: 'entity', name: id, tags, load })
  return answer(context, found(read.value, 'this entity', read), read)
})

export const readEntityAsOf = graphOperation(
  'graph.read',
  async (context, { id, seq }: { id: string; seq: number }) => {
    const read = await readValue(context, {
      ...{ kind: 'entity', name: `${id}@${seq}`, isUncached: true, tags: logTags },
      load: async () => {
        const shard = shardOf(context)
        const found = await entityAsOf(shard, context.graph, id, seq)
        const { value, floorSeq, wasErased, ...at } = found
        return { value: { entity: value, floorSeq, wasErased }, ...at }
      },
    })
    const { entity, floorSeq, wasErased } = read.value
    if (seq > read.seq) {
      throw new AppError('malformed_request', `as_of: the graph is only at seq ${read.seq}`)
    }
    if (seq < floorSeq) throw retained(floorSeq)
    if (wasErased) throw new AppError('erased', 'what this entity was is erased from the log')
    return answer(context, found(entity, 'this entity at that seq', read), read)
  },
)

export const lookUpEntities = graphOperation('graph.read', (context, names: Names) =>
  lookUp<Entity>(context, 'entity', names, (missing) =>
    getEntities(shardOf(context), context.graph, missing),
  ),
)

export const findEntities = graphOperation('graph.read', async (context, query: ListQuery) => {
  const tags = () => listTags(query)
  const same = context.ifNoneMatch && (await notModified(context, tags(), false))
  if (same) return same
  const read = await readValue(context, {
    ...{ kind: 'list', name: `entities:${JSON.stringify(query)}` },
    tags,
    load: () =>
      readByPlan(context, 'entity', query, (plan) =>
        listEntities(shardOf(context), context.graph, query, plan),
      ),
  })
  return answer(context, read.value, read)
})

export const findNeighbors = graphOperation(
  'graph.read',
  async (context, { id, ...query }: NeighborQuery & { id: string }) => {
    const read = await readValue(context, {
      ...{ kind: 'neighbors', name: `${id}:${JSON.stringify(query)}` },
      tags: (value) => neighborsTags(id, value?.items ?? []),
      load: () => listNeighbors(shardOf(context), context.graph, id, query),
    })
    return answer(context, found(read.value, 'this entity', read), read)
  },
)

export const readRelationship = graphOperation('graph.read', async (context, id: string) => {
  const tags = () => recordTags({ id })
  const same = context.ifNoneMatch && (await notModified(context, tags(), true))
  if (same) return same
  const load = () => getRelationship(shardOf(context), context.graph, id)
  const read = await readValue(context, { kind: 'relationship', name: id, tags, load })
  return answer(context, found(read.value, 'this relationship', read), read)
})

export const lookUpRelationships = graphOperation('graph.read', (context, names: Names) =>
  lookUp<Relationship>(context, 'relationship', names, (missing) =>
    getRelationships(shardOf(context), context.graph, missing),
  ),
)

export const findRelationships = graphOperation('graph.read', async (context, query: ListQuery) => {
  const tags = () => listTags(query)
  const same = context.ifNoneMatch && (await notModified(context, tags(), false))
  if (same) return same
  const read = await readValue(context, {
    ...{ kind: 'list', name: `relationships:${JSON.stringify(query)}` },
    tags,
    load: () =>
      readByPlan(context, 'relationship', query, (plan) =>
        listRelationships(shardOf(context), context.graph, query, plan),
      ),
  })
  return answer(context, read.value, read)
})

/** Records by many names: those that exist, in the order asked for, each once. */
async function lookUp<T extends { readonly id: string; readonly external_id: string | null }>(
  context: GraphContext,
  kind: Kind,
  { ids, externalIds }: Names,
  load: (missing: Names) => Promise<ReadAt<readonly T[]>>,
): Promise<Answer<{ readonly items: readonly T[] }>> {
  const refs = [...ids.map((id) => ({ id })), ...externalIds.map((externalId) => ({ externalId }))]
  const read = await readValues<T | null>(context, kind, {
    names: refs.map((ref) => ('id' in ref ? ref.id : `x:${ref.externalId}`)),
    tags: (_value, i) => {
      const ref = refs[i]
      return ref ? recordTags(ref) : logTags()
    },
    load: async (indexes) => {
      const wanted = indexes.flatMap((i) => refs[i] ?? [])
      const { value, ...at } = await load({
        ids: wanted.flatMap((ref) => ('id' in ref ? [ref.id] : [])),
        externalIds: wanted.flatMap((ref) => ('externalId' in ref ? [ref.externalId] : [])),
      })
      const byId = new Map(value.map((record) => [record.id, record]))
      const byExternalId = new Map(value.map((record) => [record.external_id, record]))
      const records = wanted.map(
        (ref) => ('id' in ref ? byId.get(ref.id) : byExternalId.get(ref.externalId)) ?? null,
      )
      return { value: records, ...at }
    },
  })
  const records = new Map(read.value.flatMap((each) => (each ? [[each.id, each]] : [])))
  return answer(context, { items: [...records.values()] }, read)
}

type NewEntity = Pick<WriteEntity, 'type' | 'externalId' | 'content'> & { id: string | null }

export const createEntity = graphOperation('graph.write', async (context, input: NewEntity) => {
  const id = input.id ?? context.services.newId()
  const written = await write(context, [{ kind: 'entity', action: 'create', ...input, id }])
  return entityAnswer(context, written, (done) => ({
    ...recordOf(done, input),
    name: input.content.name,
    location: input.content.location,
  }))
})

type NewRelationship = Pick<
  WriteRelationship,
  'type' | 'externalId' | 'content' | 'from' | 'to'
> & {
  id: string | null
}

/** The ends are resolved by the log, so what was created is read from its event. */
export const createRelationship = graphOperation(
  'graph.write',
  async (context, input: NewRelationship) => {
    const id = input.id ?? context.services.newId()
    const written = await write(context, [{ kind: 'relationship', action: 'create', ...input, id }])
    return fromEvent<Relationship>(context, written)
  },
)

type PatchInput = {
  readonly target: Ref
  readonly patch: ContentPatch
  readonly ifVersion: number | null
}

export const patchEntity = graphOperation('graph.write', (context, input: PatchInput) =>
  patch<Entity>(context, 'entity', input),
)

export const patchRelationship = graphOperation('graph.write', (context, input: PatchInput) =>
  patch<Relationship>(context, 'relationship', input),
)

async function patch<Record>(
  context: GraphContext,
  kind: Kind,
  input: PatchInput,
): Promise<Answer<Record>> {
  const command: Patch = { kind, action: 'patch', ...input }
  return fromEvent<Record>(context, await write(context, [command]))
}

type DeleteInput = { readonly target: Ref; readonly ifVersion: number | null }

export const deleteEntity = graphOperation('graph.write', (context, input: DeleteInput) =>
  remove(context, 'entity', input),
)

export const deleteRelationship = graphOperation('graph.write', (context, input: DeleteInput) =>
  remove(context, 'relationship', input),
)

async function remove(context: GraphContext, kind: Kind, input: DeleteInput) {
  const written = await write(context, [{ kind, action: 'delete', ...input }])
  return { value: null, bookmark: bookmarkOf(context, written), replayed: written.replayed }
}

async function entityAnswer(
  context: GraphContext,
  written: Written,
  record: (done: OpDone) => Entity,
): Promise<Answer<Entity>> {
  // A replay may answer for a record that a repeated call with another id did not make.
  if (written.replayed) return fromEvent<Entity>(context, written)
  const value = record(onlyDone(written))
  return { value, bookmark: bookmarkOf(context, written), replayed: false }
}

/** The record as the write left it, from the event of its version. */
async function fromEvent<Record>(context: GraphContext, written: Written): Promise<Answer<Record>> {
  const { version } = onlyDone(written)
  const [record] = await afterWrite(() =>
    recordsAtVersions(shardOf(context), context.graph, [version]),
  )
  if (!record) throw new AppError('gone', 'the record as it was is no longer kept')
  return {
    value: record as Record,
    bookmark: bookmarkOf(context, written),
    replayed: written.replayed,
  }
}

function onlyDone({ outcomes }: Written): OpDone {
  const [outcome] = outcomes
  if (outcome === undefined || outcome instanceof AppError || !('outcome' in outcome)) {
    throw new AppError('internal', 'one command gave no outcome')
  }
  return outcome
}

function recordOf(
  done: OpDone,
  { type, externalId, content }: { type: string; externalId: string | null; content: Content },
) {
  return {
    id: done.id,
    type,
    external_id: externalId,
    properties: content.properties,
    version: done.version,
    created_at: done.createdAt,
    updated_at: done.updatedAt,
  }
}

/** `null`: what the caller has may have changed, or nobody can tell without a look. */
async function notModified(
  context: GraphContext,
  tags: readonly string[],
  isVersion: boolean,
): Promise<NotModified | null> {
  const same = await unchangedSince(context, { tags, isVersion })
  if (same === null) return null
  const { etag, seen, historyId } = same
  const bookmark = bookmarkOf(context, { seq: seen, historyId })
  return { etag, bookmark, replayed: false, read: same }
}

export function answer<T>(context: GraphContext, value: T, read: GraphAnswer<unknown>): Answer<T> {
  const { seq, seen, historyId, source, ageMs, isStale, spent } = read
  return {
    value,
    bookmark: bookmarkOf(context, { seq: seen, historyId }),
    replayed: false,
    read: { seq, source, ageMs, isStale, spent },
  }
}

export function bookmarkOf(
  { graph }: GraphContext,
  { seq, historyId }: { readonly seq: number; readonly historyId: string },
): Bookmark {
  return { tenantId: graph.tenantId, logId: graph.graphId, historyId, seq }
}

export function shardOf({ services, graph }: GraphContext) {
  return services.shard(graph.shardId)
}

/** That something is not there is an answer, too, and may be as old as another. */
function found<T>(value: T | null, what: string, { isStale }: { readonly isStale: boolean }): T {
  if (value === null) throw notFound(what, isStale ? { isStale } : {})
  return value
}

/** What lies below the retained floor of the log is gone for good. */
export function retained(floorSeq: number): AppError {
  return new AppError('gone', `the log is kept from seq ${floorSeq + 1} on`)
}
