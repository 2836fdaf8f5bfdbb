import { isAppError } from '../../../core/errors.ts'
import type { GraphEngine } from '../../../core/graph/engine.ts'
import { eachEntity, NOT_REACHED, NOT_THERE, type PlacedSearch, typeNumberOf } from './searches.ts'
import type { Universe } from './universe.ts'

/** The same numbers as `projectSearch` gives, from an engine. */
export async function engineSearch(
  engine: GraphEngine,
  search: PlacedSearch,
  universe: Universe,
): Promise<number[]> {
  try {
    return await searched(engine, search, universe)
  } catch (error) {
    if (isAppError(error) && error.code === 'not_found') return [NOT_THERE]
    throw error
  }
}

async function searched(
  engine: GraphEngine,
  search: PlacedSearch,
  universe: Universe,
): Promise<number[]> {
  const { direction, type } = search
  const filters = { direction, ...(type === null ? {} : { types: [type] }) }
  const idAt = (place: number) => universe.entityIds[place] ?? ''
  switch (search.of) {
    case 'degree': {
      const found = await engine.degree({ entity: idAt(search.place), ...filters })
      return [found.out, found.in]
    }
    case 'paths': {
      const ends = { from: idAt(search.from), to: idAt(search.to) }
      const { paths, equallyShort } = await engine.paths({ ...ends, ...filters })
      return [paths[0]?.hops.length ?? NOT_REACHED, equallyShort ?? NOT_THERE]
    }
    case 'traverse': {
      const { depth, withDepths } = search
      const starts = [idAt(search.place)]
      const { entities } = await engine.traverse({ starts, ...filters, depth })
      return eachEntity((place) => {
        const found = entities.find(({ id }) => id === idAt(place))
        if (!found) return [NOT_REACHED]
        return withDepths ? [found.depth, typeNumberOf(found.type, universe)] : [1]
      }).concat(entities.length)
    }
    case 'subgraph':
      throw new Error('a topology has no records to show')
  }
}
