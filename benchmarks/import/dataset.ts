import { v7 } from 'uuid'
import { type Random, seededRandom } from '../../test/durable-objects/graph-log/histories/random.ts'

export type EntityRow = {
  readonly id: string
  readonly type: string
  readonly externalId: string
  readonly name: string
  readonly location: { readonly lat: number; readonly lon: number } | null
  readonly properties: Readonly<Record<string, string | number | boolean>>
}

export type RelationshipRow = {
  readonly id: string
  readonly type: string
  readonly externalId: string
  readonly from: EntityRow
  readonly to: EntityRow
  readonly properties: Readonly<Record<string, string | number>>
}

export type Dataset = {
  readonly entities: readonly EntityRow[]
  readonly relationships: readonly RelationshipRow[]
}

export const ENTITIES = 100_000
export const RELATIONSHIPS = 500_000

const SEED = 20_261_121

const ENTITY_TYPES = ['person', 'company', 'airport', 'paper', 'device', 'ticket'] as const
const RELATIONSHIP_TYPES = ['knows', 'works_at', 'cites', 'flies_to', 'depends_on'] as const
const WORDS = 'river copper anchor maple signal harbor violet engine summit lantern'.split(' ')
const CITIES = ['Zürich', 'São Paulo', 'Atlanta', 'Osaka', 'Nairobi', 'Kraków', 'Lima'] as const

/** Spreads the well-connected entities over all of them; shares no factor with their number. */
const STRIDE = 7_919

/** The same graph for the same `scale`: of 100,000 entities and 500,000 relationships at 1. */
export function dataset(scale: number): Dataset {
  const random = seededRandom(SEED)
  const entities = Array.from({ length: Math.round(ENTITIES * scale) }, (_, i) =>
    newEntity(random, i),
  )
  const relationships = Array.from({ length: Math.round(RELATIONSHIPS * scale) }, (_, i) =>
    newRelationship(random, i, entities),
  )
  return { entities, relationships }
}

function newEntity(random: Random, i: number): EntityRow {
  const type = random.pick(ENTITY_TYPES)
  const properties: Record<string, string | number | boolean> = {
    city: random.pick(CITIES),
    code: `${random.pick(WORDS).slice(0, 3).toUpperCase()}-${random.below(10_000)}`,
    size: random.below(1_000_000),
    score: Math.round(random.next() * 1e6) / 1e3,
    is_active: random.chance(0.8),
  }
  // Five to eight properties.
  const more = random.below(4)
  if (more > 0) properties.note = `${random.pick(WORDS)} and “${random.pick(WORDS)}”`
  if (more > 1) properties.since = 1_950 + random.below(77)
  if (more > 2) properties.owner = `${random.pick(WORDS)}@example.com`
  return {
    id: timeOrderedId(random, i),
    type,
    externalId: `${type}-${i}`,
    name: `${random.pick(WORDS)} ${random.pick(WORDS)} ${i}`,
    location: random.chance(0.4) ? { lat: degrees(random, 180), lon: degrees(random, 360) } : null,
    properties,
  }
}

function newRelationship(
  random: Random,
  i: number,
  entities: readonly EntityRow[],
): RelationshipRow {
  const type = random.pick(RELATIONSHIP_TYPES)
  return {
    id: timeOrderedId(random, ENTITIES + i),
    type,
    externalId: `${type}-${i}`,
    from: wellConnected(random, entities),
    to: wellConnected(random, entities),
    properties: { weight: random.below(100), source: random.pick(WORDS) },
  }
}

/** By a power law: of 100,000 entities the first has 2 % of all ends, a tenth of them has half. */
function wellConnected(random: Random, entities: readonly EntityRow[]): EntityRow {
  const rank = Math.floor(entities.length * random.next() ** 3)
  const entity = entities[(rank * STRIDE) % entities.length]
  if (!entity) throw new RangeError('there are no entities')
  return entity
}

function degrees(random: Random, range: number): number {
  return Math.round((random.next() - 0.5) * range * 1e5) / 1e5
}

/** As the API would mint it: neighbours in time are neighbours in an index. */
function timeOrderedId(random: Random, i: number): string {
  const bytes = Uint8Array.from({ length: 16 }, () => random.below(256))
  return v7({ msecs: Date.UTC(2026, 10, 1) + Math.floor(i / 10), seq: i % 10, random: bytes })
}
