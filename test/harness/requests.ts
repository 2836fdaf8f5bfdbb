import type { GraphRequest } from '../../core/log/requests.ts'

/** A request that creates one entity, or whatever `change` says instead. */
export function createRequest(change: Partial<GraphRequest> = {}): GraphRequest {
  return {
    commitId: crypto.randomUUID(),
    fingerprint: '',
    atomic: true,
    schemaSeq: 0,
    actor: 'user:test',
    requestId: 'test',
    entities: [
      {
        op: 0,
        action: 'create',
        id: crypto.randomUUID(),
        externalId: null,
        type: 'thing',
        content: { name: 'A thing', location: null, properties: { size: 1 } },
      },
    ],
    relationships: [],
    types: [],
    ...change,
  }
}
