import { expect } from 'vitest'
import type { Change, Entity, Relationship, Tenant } from '../../../harness/api.ts'
import { allPages } from '../../../harness/sequences.ts'

type State = {
  readonly entities: Map<string, Entity>
  readonly relationships: Map<string, Relationship>
}

/** The whole log, page by page. */
export async function readLog(tenant: Tenant, graph: string): Promise<Change[]> {
  const log: Change[] = []
  for (;;) {
    const path = `/graphs/${graph}/changes?limit=1000&after=${log.length}`
    const { body } = await tenant.request<{ items: Change[] }>('GET', path)
    if (body.items.length === 0) return log
    log.push(...body.items)
  }
}

/** What the log says there is, from nothing on; each event has to fit what was before it. */
export function replay(log: readonly Change[]): State {
  const state: State = { entities: new Map(), relationships: new Map() }
  for (const [i, change] of log.entries()) {
    expect(change.seq, 'the log has no gap').toBe(i + 1)
    const isEntity = change.kind.startsWith('entity.')
    const records: Map<string, unknown> = isEntity ? state.entities : state.relationships
    const { id, type, from_id, to_id } = change
    const record = (image: object | null) =>
      image && isEntity
        ? { id, type, ...image }
        : image && { id, type, from_id, to_id, ...withoutPlace(image) }
    const subject = String(id)
    expect(record(change.before), `before ${change.seq}`).toEqual(records.get(subject) ?? null)
    const after = record(change.after)
    if (after) records.set(subject, after)
    else records.delete(subject)
    if (!isEntity && after) {
      const ends = [from_id, to_id].map((end) => state.entities.has(String(end)))
      expect(ends, `both ends of ${change.seq}`).toEqual([true, true])
    }
  }
  return state
}

/** Images have fields that relationships do not show. */
function withoutPlace({ name, location, ...image }: { name?: unknown; location?: unknown }) {
  expect([name, location]).toEqual([null, null])
  return image
}

/** That lists, single reads, neighbours, the past and an export all say what the log says. */
export async function expectSameEverywhere(
  tenant: Tenant,
  graph: string,
  log: readonly Change[],
): Promise<void> {
  const { entities, relationships } = replay(log)
  const base = `/graphs/${graph}`
  const byId = <T extends { id: string }>(records: Iterable<T>) =>
    [...records].sort((a, b) => (a.id < b.id ? -1 : 1))
  const listed = await allPages<Entity>(tenant, `${base}/entities?limit=100&sort=-version`)
  expect(byId(listed)).toEqual(byId(entities.values()))
  const ties = await allPages<Relationship>(tenant, `${base}/relationships?limit=100&sort=id`)
  expect(byId(ties)).toEqual(byId(relationships.values()))

  const exported = await tenant.request<string>('GET', `${base}/export?metadata=true`)
  const rows = exported.text
    .split('\n')
    .filter(Boolean)
    .map((row) => JSON.parse(row))
  const expected = [
    ...byId(entities.values()).map((record) => ({ kind: 'entity', ...record })),
    ...byId(relationships.values()).map((record) => ({ kind: 'relationship', ...record })),
  ]
  expect(rows).toEqual(expected)

  const subjects = new Set(log.filter(({ kind }) => kind.startsWith('entity.')).map(({ id }) => id))
  for (const id of [...subjects].slice(0, 100).map(String)) {
    const path = `${base}/entities/${id}`
    const read = await tenant.request<Entity>('GET', path)
    const entity = entities.get(id)
    expect([read.status, read.status === 200 ? read.body : undefined]).toEqual(
      entity ? [200, entity] : [404, undefined],
    )
    if (!entity) continue
    const near = await allPages<{ relationship: Relationship }>(tenant, `${path}/neighbors?limit=9`)
    const own = [...relationships.values()].filter((r) => r.from_id === id || r.to_id === id)
    expect(byId(near.map(({ relationship }) => relationship))).toEqual(byId(own))
  }
  for (const seq of [0.25, 0.5, 0.75].map((part) => Math.ceil(log.length * part))) {
    const past = replay(log.slice(0, seq)).entities
    for (const id of [...subjects].slice(0, 20).map(String)) {
      const read = await tenant.request<Entity>('GET', `${base}/entities/${id}?as_of=${seq}`)
      expect(read.status === 200 ? read.body : undefined).toEqual(past.get(id))
    }
  }
}
