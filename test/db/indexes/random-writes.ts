import type { GraphRequest } from '../../../core/log/requests.ts'
import {
  content,
  remove,
  request,
  upsertEntity,
  upsertRelationship,
} from '../../contracts/graph-log-store/requests.ts'
import type { Random } from '../../durable-objects/graph-log/histories/random.ts'

/** Types of what the random writes write: the first of each kind is the one to declare indexes for. */
export const ENTITY_TYPES = ['port', 'other'] as const
export const RELATIONSHIP_TYPES = ['route', 'bridge'] as const

const WORDS = ['San', 'são', 'Francisco', 'big', 'small', '42', 'x'.repeat(300), '']

export function randomContent(random: Random) {
  const properties: Record<string, never> = {}
  const set = (key: string, value: unknown) => Object.assign(properties, { [key]: value })
  if (random.chance(0.8)) set('state', random.pick(['CA', 'NY', 'TX', null, 7]))
  if (random.chance(0.8)) set('size', random.below(20) - 10)
  if (random.chance(0.6))
    set('note', random.pick([words(random), random.below(5), [words(random)]]))
  if (random.chance(0.3)) set('deep', { er: random.pick([words(random), true]) })
  return content({
    name: random.chance(0.7) ? words(random) || null : null,
    location: random.chance(0.7)
      ? { lat: random.below(180) - 90, lon: random.below(360) - 180 }
      : null,
    properties,
  })
}

function words(random: Random): string {
  return Array.from({ length: 1 + random.below(3) }, () => random.pick(WORDS)).join(' ')
}

/** A request of a few operations on records of a small world: every kind of write comes often. */
export function randomRequest(random: Random, size: number): GraphRequest {
  const name = (kind: string, type: string) => `${kind}-${type}-${random.below(size)}`
  const entityName = () => name('e', random.pick(ENTITY_TYPES))
  if (random.chance(0.15)) {
    const gone = { externalId: entityName() }
    return request({ atomic: false, entities: [remove(gone)] })
  }
  if (random.chance(0.1)) {
    const gone = { externalId: name('r', random.pick(RELATIONSHIP_TYPES)) }
    return request({ atomic: false, relationships: [remove(gone)] })
  }
  const named = new Set<string>()
  const once = (externalId: string) => !named.has(externalId) && Boolean(named.add(externalId))
  const entities = Array.from({ length: 1 + random.below(6) }, (_, op) => {
    const type = random.pick(ENTITY_TYPES)
    const fields = { op, id: random.uuid(), type, content: randomContent(random) }
    return upsertEntity(name('e', type), fields)
  }).filter(({ externalId }) => once(externalId ?? ''))
  const relationships = Array.from({ length: random.below(4) }, (_, i) => {
    const type = random.pick(RELATIONSHIP_TYPES)
    const { properties } = randomContent(random)
    const ends = { from: { externalId: entityName() }, to: { externalId: entityName() } }
    const fields = { op: 100 + i, id: random.uuid(), type, content: content({ properties }) }
    return upsertRelationship(name('r', type), ends, fields)
  }).filter(({ externalId }) => once(externalId ?? ''))
  return request({ atomic: false, entities, relationships })
}
