import { env } from 'cloudflare:test'
import { expect, it } from 'vitest'
import { TopologyBuilder } from '../../../../core/graph/builder.ts'
import { GraphView } from '../../../../core/graph/graph-view.ts'
import type { Topology } from '../../../../core/graph/topology.ts'
import { graphId, tenantId } from '../../../../core/ids.ts'
import type { GraphAddress } from '../../../../core/log/address.ts'
import {
  type EdgeCopies,
  MAX_STORED_WEIGHTS,
  type TopologyFiles,
  topologyStore,
} from '../../../../workers/operations/topology/store.ts'

const files = (env as unknown as { readonly FILES: R2Bucket }).FILES
const HISTORY = '11111111-1111-4111-8111-111111111111'

function newGraph(): GraphAddress {
  return {
    ...{ kind: 'graph', shardId: 's', epoch: 1 },
    tenantId: tenantId(crypto.randomUUID()),
    graphId: graphId(crypto.randomUUID()),
  }
}

/** A ring of `count` entities; large enough to come in several pieces. `weight`: a property of its own. */
function ring(seq: number, count = 20_000, weight: string | null = null): Topology {
  const weighted = weight === null ? {} : { weight: { property: weight, bits: 64 as const } }
  const builder = new TopologyBuilder({ history: HISTORY, seq, ...weighted })
  const id = (n: number) => `00000000-0000-7000-8000-${(n % count).toString(16).padStart(12, '0')}`
  for (let n = 0; n < count; n += 1) builder.addEntity(id(n), 'thing')
  for (let n = 0; n < count; n += 1) {
    builder.addRelationship({
      createdSeq: n + 1,
      type: 'next',
      from: id(n),
      to: id(n + 1),
      weight: n,
    })
  }
  return builder.finish()
}

/** Not by vitest, which would look at each byte. */
const areEqual = (one: Topology | null, other: Topology) =>
  one !== null && Buffer.from(one.buffer).equals(Buffer.from(other.buffer))

it('gives a topology back as it was stored, and the newest of its history', async () => {
  const graph = newGraph()
  const store = topologyStore(files as TopologyFiles, null)
  expect(await store.latest(graph, HISTORY, null)).toBeNull()
  const topology = ring(50_000)
  await store.save(graph, topology)
  const stored = await store.latest(graph, HISTORY, null)
  expect(stored).toMatchObject({ seq: 50_000, bytes: topology.buffer.byteLength })
  if (!stored) return
  const loaded = await store.load(stored)
  expect(areEqual(loaded, topology)).toBe(true)
  expect(loaded && new GraphView(loaded).entities).toBe(20_000)
  const [tenant, id] = [graph.tenantId, graph.graphId]
  expect(stored.key).toBe(`topologies/${tenant}/${id}/${HISTORY}/50000`)
  expect(await store.latest(graph, crypto.randomUUID(), null)).toBeNull()

  await store.save(graph, ring(40_000))
  expect((await store.latest(graph, HISTORY, null))?.seq).toBe(50_000)
  await store.save(graph, ring(60_000))
  expect((await store.latest(graph, HISTORY, null))?.seq).toBe(60_000)
  const listed = await files.list({ prefix: `topologies/${tenant}/` })
  expect(listed.objects.map(({ key }) => key.split('/').at(-1))).toEqual(['60000', 'latest'])
})

it('is stored for each property of weights, of the last few that were asked for', async () => {
  const graph = newGraph()
  const store = topologyStore(files as TopologyFiles, null)
  const plain = ring(500, 100)
  await store.save(graph, plain)
  const names = Array.from({ length: MAX_STORED_WEIGHTS + 2 }, (_, i) => `miles ${i}`)
  for (const name of names) {
    await store.save(graph, ring(400, 100, `properties.${name}`))
    await store.save(graph, ring(500, 100, `properties.${name}`))
  }
  const stored = await Promise.all(names.map((name) => store.latest(graph, HISTORY, [name])))
  expect(stored.map((each) => each?.seq ?? null)).toEqual([
    ...[null, null],
    ...Array.from({ length: MAX_STORED_WEIGHTS }, () => 500),
  ])
  const last = stored.at(-1)
  const loaded = last ? await store.load(last) : null
  expect(areEqual(loaded, ring(500, 100, `properties.${names.at(-1)}`))).toBe(true)
  const unweighted = await store.latest(graph, HISTORY, null)
  expect(areEqual(unweighted && (await store.load(unweighted)), plain)).toBe(true)
  const { objects } = await files.list({ prefix: `topologies/${graph.tenantId}/` })
  expect(objects).toHaveLength(2 * (MAX_STORED_WEIGHTS + 1))
})

it('is as if there was none when the file is cut off, spoilt, or gone', async () => {
  const graph = newGraph()
  const store = topologyStore(files as TopologyFiles, null)
  await store.save(graph, ring(1_000_000, 5_000))
  const stored = await store.latest(graph, HISTORY, null)
  if (!stored) throw new Error('nothing was stored')
  const whole = new Uint8Array((await (await files.get(stored.key))?.arrayBuffer()) ?? [])
  const spoilt = whole.slice()
  spoilt.fill(7, whole.length >> 1, (whole.length >> 1) + 50)
  for (const bytes of [whole.subarray(0, whole.length >> 1), spoilt, new Uint8Array(10)]) {
    await files.put(stored.key, bytes)
    expect(await store.load(stored)).toBeNull()
  }
  await files.delete(stored.key)
  expect(await store.load(stored)).toBeNull()
  await files.put(stored.key.replace(/\d+$/, 'latest'), '{"seq":')
  expect(await store.latest(graph, HISTORY, null)).toBeNull()
})

it('is copied into the cache of the data centre, and read from there', async () => {
  const graph = newGraph()
  const copies = new Map<string, Uint8Array>()
  const edge: EdgeCopies = {
    async match(url) {
      const bytes = copies.get(url)
      return bytes && new Response(bytes)
    },
    async put(url, response) {
      copies.set(url, new Uint8Array(await response.arrayBuffer()))
    },
  }
  const store = topologyStore(files as TopologyFiles, edge)
  const topology = ring(30_000)
  await store.save(graph, topology)
  const stored = await store.latest(graph, HISTORY, null)
  if (!stored) throw new Error('nothing was stored')
  await store.load(stored)
  expect(copies.size).toBe(1)
  await files.delete(stored.key)
  const loaded = await store.load(stored)
  expect(areEqual(loaded, topology)).toBe(true)
})
