import type { Consistency } from '../../../core/log/consistency.ts'
import type { Command } from '../simulator/commands.ts'
import type { Value } from '../simulator/load.ts'
import type { RecordQuery } from '../simulator/queries.ts'
import { FIRST_RELATIONSHIP, FIRST_TYPE, type Universe } from '../simulator/universe.ts'

/** A request below a graph's own path. */
export type HttpRequest = {
  readonly method: string
  readonly path: string
  readonly body?: unknown
}

/** How a read is asked for, and what it answers, query by query. */
export type HttpRead = HttpRequest & { readonly values: (status: number, body: unknown) => Value[] }

type Item = { readonly id: string; readonly external_id: string | null }
type Items = { readonly items: readonly Item[] }

/** Many records can be asked for at once; of other queries there is one. */
export function readOf(queries: readonly RecordQuery[], universe: Universe): HttpRead {
  const [query = { of: 'types' }] = queries
  switch (query.of) {
    case 'entity':
    case 'entity name':
    case 'relationship':
    case 'relationship name':
      return queries.length === 1 && (query.of === 'entity' || query.of === 'relationship')
        ? recordRead(query, universe)
        : lookUp(queries, universe)
    case 'entities': {
      const color = query.color === null ? null : String(query.color)
      return listRead('/entities', { type: query.type, 'properties.color': color })
    }
    case 'relationships': {
      const id = (place: number | null) => (place === null ? null : idAt(place, universe))
      const ends = { from_id: id(query.from), to_id: id(query.to) }
      return listRead('/relationships', { type: query.type, ...ends })
    }
    case 'neighbors':
      return listRead(`/entities/${idAt(query.place, universe)}/neighbors`, {})
    case 'types':
      return listRead('/types', {})
  }
}

function recordRead(
  { of, place }: Extract<RecordQuery, { of: 'entity' | 'relationship' }>,
  universe: Universe,
): HttpRead {
  const folder = of === 'entity' ? 'entities' : 'relationships'
  return {
    ...{ method: 'GET', path: `/${folder}/${idAt(place, universe)}` },
    values: (status, body) => [status === 404 ? null : (body as Value)],
  }
}

function lookUp(queries: readonly RecordQuery[], universe: Universe): HttpRead {
  const folder = queries[0]?.of.startsWith('entity') ? 'entities' : 'relationships'
  const ids = queries.flatMap((query) => ('place' in query ? [idAt(query.place, universe)] : []))
  const names = queries.flatMap((query) => ('externalId' in query ? [query.externalId] : []))
  return {
    ...{ method: 'POST', path: `/${folder}/lookup`, body: { ids, external_ids: names } },
    values: (_status, body) =>
      queries.map((query) => {
        const isIt = ({ id, external_id }: Item) =>
          'place' in query
            ? id === idAt(query.place, universe)
            : 'externalId' in query && external_id === query.externalId
        return ((body as Items).items.find(isIt) ?? null) as Value
      }),
  }
}

function listRead(path: string, conditions: Readonly<Record<string, string | null>>): HttpRead {
  const given = Object.entries(conditions).filter(([, value]) => value !== null)
  const query = new URLSearchParams(given as [string, string][])
  return {
    ...{ method: 'GET', path: query.size > 0 ? `${path}?${query}` : path },
    values: (status, body) => [status === 404 ? null : ((body as Items).items as unknown as Value)],
  }
}

/** What a client asks for, as one request: a batch, or a type that is put. */
export function writeOf(commands: readonly Command[], universe: Universe): HttpRequest {
  const [first] = commands
  if (first?.on === 'type') {
    const name = universe.definable[first.place - FIRST_TYPE] ?? ''
    return { method: 'PUT', path: `/types/entity/${name}`, body: { json_schema: {} } }
  }
  const body = { commands: commands.map((command) => commandBody(command, universe)) }
  return { method: 'POST', path: '/batch', body }
}

function commandBody(command: Command, universe: Universe): Readonly<Record<string, unknown>> {
  if (command.does === 'define' || command.does === 'restore') {
    throw new Error(`a batch cannot ${command.does}`)
  }
  const id = idAt(command.place, universe)
  if (command.does === 'delete') {
    const condition = command.version === null ? {} : { if_version: command.version }
    return { action: `delete_${command.on}`, id, ...condition }
  }
  const properties = { mark: command.mark, color: command.color }
  if (command.does === 'update') {
    return { action: `patch_${command.on}`, id, if_version: command.version, properties }
  }
  const { type, externalId } = command
  const ends =
    command.on === 'relationship'
      ? { from_id: idAt(command.from, universe), to_id: idAt(command.to, universe) }
      : {}
  return {
    ...{ action: `${command.does}_${command.on}`, id, type, properties, ...ends },
    ...(externalId === null ? {} : { external_id: externalId }),
  }
}

function idAt(place: number, { entityIds, relationshipIds }: Universe): string {
  const id = entityIds[place] ?? relationshipIds[place - FIRST_RELATIONSHIP]
  if (id === undefined) throw new RangeError(`no record at ${place}`)
  return id
}

/** As `Tendril-Consistency`. */
export function levelText(consistency: Consistency): string {
  if (consistency.level !== 'bounded') return consistency.level
  const { boundMs, staleIfErrorMs } = consistency
  const stale = staleIfErrorMs > 0 ? `; stale-if-error=${staleIfErrorMs / 1_000}` : ''
  return `bounded=${boundMs / 1_000}${stale}`
}
