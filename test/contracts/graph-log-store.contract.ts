import { afterEach, describe, expect } from 'vitest'
import { inconsistencies } from '../harness/graph-log/inconsistencies.ts'
import { cascadesContract } from './graph-log-store/cascades.ts'
import { entityVerdictsContract } from './graph-log-store/entity-verdicts.ts'
import { fenceContract } from './graph-log-store/fence.ts'
import { groupsContract } from './graph-log-store/groups.ts'
import { imagesContract } from './graph-log-store/images.ts'
import { partialDeletionsContract } from './graph-log-store/partial-deletions.ts'
import { relationshipVerdictsContract } from './graph-log-store/relationship-verdicts.ts'
import { repeatsContract } from './graph-log-store/repeats.ts'
import { type GraphUnderTest, type NewSession, Session } from './graph-log-store/session.ts'
import { typesContract } from './graph-log-store/types.ts'
import { valuesContract } from './graph-log-store/values.ts'

/**
 * What every `LogStore<GraphRequest>` keeps to. `newGraph` makes an empty graph of a new tenant.
 * After every test its graphs are checked as a whole: the events replay into exactly what is stored.
 */
export function graphLogStoreContract(newGraph: () => Promise<GraphUnderTest>): void {
  const opened: GraphUnderTest[] = []

  const newSession: NewSession = async () => {
    const graph = await newGraph()
    opened.push(graph)
    return Session.open(graph)
  }

  afterEach(async () => {
    for (const graph of opened.splice(0)) {
      expect(inconsistencies(await graph.contents())).toEqual([])
    }
  })

  describe('the fence', () => fenceContract(newSession))
  describe('commit ids', () => repeatsContract(newSession))
  describe('an operation on an entity', () => entityVerdictsContract(newSession))
  describe('an operation on a relationship', () => relationshipVerdictsContract(newSession))
  describe('a group', () => groupsContract(newSession))
  describe('a deletion', () => cascadesContract(newSession))
  describe('a deletion that is not atomic', () => partialDeletionsContract(newSession))
  describe('types', () => typesContract(newSession))
  describe('images', () => imagesContract(newSession))
  describe('values', () => valuesContract(newSession))
}
