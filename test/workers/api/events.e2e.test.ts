import { expect, it } from 'vitest'
import { EVENT_CATALOGUE } from '../../../core/log/event-catalogue.ts'
import { parseEvent } from '../../../core/log/parse-event.ts'
import { type Change, type Changes, type Entity, newTenant } from '../../harness/api.ts'

it('every event that the API writes is as the catalogue has it', async () => {
  const tenant = await newTenant()
  const create = async (body: object) =>
    (await tenant.request<Entity>('POST', '/entities', { body })).body
  const from = await create({
    ...{ type: 'host', external_id: 'a', name: 'A', location: { lat: 1, lon: 2 } },
    properties: { n: 1 },
  })
  const to = await create({ type: 'host' })
  const { body: tie } = await tenant.request<Entity>('POST', '/relationships', {
    body: { type: 'trusts', from_id: from.id, to_id: to.id },
  })
  await tenant.request('PATCH', `/entities/${from.id}`, { body: { name: 'B' } })
  await tenant.request('PATCH', `/relationships/${tie.id}`, { body: { properties: { n: 1 } } })
  const put = (json_schema: object, more: object = {}) =>
    tenant.request('PUT', '/types/entity/host', { body: { json_schema, ...more } })
  await put({ properties: { n: { type: 'integer' } } })
  await put({})
  await put({ properties: { n: { type: 'string' } } })
  const indexes = [{ name: 'by_n', method: 'composite', fields: ['properties.n'] }]
  await put({}, { indexes })
  await tenant.request('DELETE', `/entities/${from.id}`)
  await tenant.request('DELETE', '/types/entity/host')
  // A type that nothing is of, and one whose first schema is refused.
  await tenant.request('PUT', '/types/entity/new', { body: { json_schema: {} } })
  await tenant.request('PUT', '/types/relationship/new', { body: { json_schema: {} } })
  await create({ type: 'odd', properties: { n: 1 } })
  const json_schema = { properties: { n: { type: 'string' } } }
  await tenant.request('PUT', '/types/entity/odd', { body: { json_schema } })
  const gone = await create({ type: 'fleeting' })
  await tenant.request('DELETE', `/entities/${gone.id}`)
  await tenant.request('POST', '/erasures', { body: { entities: [gone.id] } })
  await tenant.request('POST', '/cache/purge', { body: {} })
  const { body } = await tenant.request<Changes>('GET', '/changes?limit=1000')
  const kinds = new Set(body.items.map(({ kind }) => kind))
  // Of what is erased no images are shown; consumers of the log itself check that they keep their form.
  for (const change of body.items.filter(({ erased }) => !erased)) {
    expect(parseEvent(toLogEvent(change))).toMatchObject({ seq: change.seq, after: change.after })
  }
  // All there are: what was not written was not looked at.
  expect([...kinds].sort()).toEqual(Object.keys(EVENT_CATALOGUE).sort())
})

function toLogEvent({ from_id, to_id, external_id, request_id, id, ...change }: Change) {
  return {
    ...change,
    schemaVersion: null,
    subjectId: id,
    fromId: from_id,
    toId: to_id,
    externalId: external_id,
    requestId: request_id,
  }
}
