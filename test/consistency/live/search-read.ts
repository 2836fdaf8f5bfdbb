import {
  eachEntity,
  eachRelationship,
  NOT_REACHED,
  NOT_THERE,
  type Search,
  typeNumberOf,
} from '../simulator/searches.ts'
import { FIRST_RELATIONSHIP, type Universe } from '../simulator/universe.ts'
import type { HttpRequest } from './http.ts'

type Properties = { readonly mark: number; readonly color: number }

type ShownRecord = {
  readonly type: string
  readonly external_id: string | null
  readonly properties: Properties
}

type ShownEntity = {
  readonly id: string
  readonly type: string
  readonly depth: number
  readonly entity?: ShownRecord | null
}

type ShownEdge = {
  readonly from_id: string
  readonly to_id: string
  readonly relationship?: (ShownRecord & { readonly id: string }) | null
}

/** What searches answer, as far as it is compared. */
export type SearchAnswer = {
  readonly stopped: string | null
  readonly cost: { readonly engine: 'memory' | 'sql'; readonly seq: number }
  readonly ids?: readonly string[]
  readonly items?: readonly ShownEntity[]
  readonly nodes?: readonly ShownEntity[]
  readonly edges?: readonly ShownEdge[]
  readonly paths?: readonly { readonly length: number }[]
  readonly equally_short?: number
  readonly out?: number
  readonly in?: number
}

/** How a search is asked for. */
export function searchRequest(search: Search, universe: Universe): HttpRequest {
  const { entityIds } = universe
  if (search.of === 'named') {
    const { path, method, body } = searchRequest({ ...search.around, place: 0 }, universe)
    return {
      path,
      method,
      body: { ...(body as object), ids: undefined, external_ids: [search.externalId] },
    }
  }
  const { direction, type } = search
  const idAt = (place: number) => entityIds[place] ?? ''
  if (search.of === 'degree') {
    const filter = type === null ? '' : `&relationship_types=${type}`
    const path = `/entities/${idAt(search.place)}/degree?direction=${direction}${filter}`
    return { method: 'GET', path }
  }
  const filters = {
    direction,
    ...(type === null ? {} : { relationship_types: [type] }),
    ...(search.color === null ? {} : { where: { 'properties.color': search.color } }),
  }
  if (search.of === 'paths') {
    const ends = { from_id: idAt(search.from), to_id: idAt(search.to) }
    return { method: 'POST', path: '/paths', body: { ...ends, ...filters } }
  }
  const body = { ids: [idAt(search.place)], depth: search.depth, ...filters }
  return search.of === 'subgraph'
    ? { method: 'POST', path: '/subgraph', body: { ...body, return: 'records' } }
    : {
        ...{ method: 'POST', path: '/traverse' },
        body: { ...body, return: search.withDepths ? 'entities' : 'ids' },
      }
}

/** The same numbers as `projectSearch` gives, from what was answered; `null`: 404. */
export function observeSearch(
  search: Search,
  answer: SearchAnswer | null,
  universe: Universe,
): number[] {
  if (answer === null) return [NOT_THERE]
  if (search.of === 'named') return observeSearch({ ...search.around, place: 0 }, answer, universe)
  const { ids = [], items = [], nodes = [], edges = [] } = answer
  switch (search.of) {
    case 'traverse': {
      if (!search.withDepths) {
        return eachEntity((place) => [
          ids.includes(universe.entityIds[place] ?? '') ? 1 : NOT_REACHED,
        ]).concat(ids.length)
      }
      return eachEntity((place) => {
        const item = items.find(({ id }) => universe.placeOf(id) === place)
        return item ? [item.depth, typeNumberOf(item.type, universe)] : [NOT_REACHED]
      }).concat(items.length)
    }
    case 'subgraph':
      return [
        ...eachEntity((place) => {
          const node = nodes.find(({ id }) => universe.placeOf(id) === place)
          if (!node) return [NOT_REACHED]
          return [node.depth, numberOf(node.entity, { from: -1, to: -1 }, universe)]
        }),
        ...eachRelationship((place) => {
          const isIt = ({ relationship }: ShownEdge) =>
            relationship?.id === universe.relationshipIds[place - FIRST_RELATIONSHIP]
          const edge = edges.find(isIt)
          if (!edge) return 0
          const ends = { from: universe.placeOf(edge.from_id), to: universe.placeOf(edge.to_id) }
          return numberOf(edge.relationship, ends, universe)
        }),
        ...[nodes.length, edges.length],
      ]
    case 'paths':
      return [answer.paths?.[0]?.length ?? NOT_REACHED, answer.equally_short ?? NOT_THERE]
    case 'degree':
      return [answer.out ?? NOT_THERE, answer.in ?? NOT_THERE]
  }
}

function numberOf(
  record: ShownRecord | null | undefined,
  ends: { readonly from: number; readonly to: number },
  universe: Universe,
): number {
  if (!record) return 0
  const { type, external_id: externalId, properties } = record
  const { mark, color } = properties
  return universe.numberOf({ mark, color, type, externalId, ...ends })
}
