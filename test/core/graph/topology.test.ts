import { describe, expect, it } from 'vitest'
import { MAX_CREATED_SEQ, TopologyBuilder } from '../../../core/graph/builder.ts'
import { loadTopology } from '../../../core/graph/load.ts'
import { findNode, openTopology } from '../../../core/graph/topology.ts'
import { TopologyError, type TopologyFault } from '../../../core/graph/topology-error.ts'
import { readUuid, UuidRows, writeUuid } from '../../../core/graph/uuid-words.ts'
import { xxhash32 } from '../../../core/graph/xxhash32.ts'
import { randomFrom } from '../../harness/random.ts'
import { HISTORY, idOf, type PlainGraph, topologyOf } from './plain-graph.ts'
import { randomGraph } from './random-graph.ts'

const GRAPH = randomGraph(1, { nodes: 20, edges: 50, shape: 'power law' })
const options = { history: HISTORY, seq: 1 }
const entities = [
  { id: idOf(1), type: 'person' },
  { id: idOf(2), type: 'person' },
]
const edge = { createdSeq: 1, type: 'knows', from: idOf(1), to: idOf(2), weight: 1 }

function faultOf(buffer: ArrayBuffer): TopologyFault | 'none' {
  try {
    openTopology(buffer)
    return 'none'
  } catch (error) {
    if (error instanceof TopologyError) return error.fault
    throw error
  }
}

describe('a topology in its bytes', () => {
  it('is read in place, and is what was built', () => {
    const built = topologyOf(GRAPH)
    const opened = openTopology(built.buffer)
    expect(opened).toEqual(built)
    expect(opened.outTargets.buffer).toBe(built.buffer)
  })

  it('takes 26 bytes per entity and 20 per relationship, weights apart', () => {
    const bytes = (nodes: number, edges: number, bits: 0 | 64) => {
      const graph = randomGraph(2, { nodes, edges, shape: 'uniform' })
      const weight = bits === 0 ? {} : { weight: { property: 'weight', bits } }
      const builder = new TopologyBuilder({ history: HISTORY, seq: graph.seq, ...weight })
      for (const { id, type } of graph.entities) builder.addEntity(id, type)
      for (const relationship of graph.relationships) builder.addRelationship(relationship)
      return builder.finish().buffer.byteLength
    }
    const perEdge = (bits: 0 | 64) => (bytes(100, 2_000, bits) - bytes(100, 1_000, bits)) / 1_000
    expect(perEdge(0)).toBe(20)
    expect(perEdge(64)).toBe(28)
    expect((bytes(2_000, 1_000, 0) - bytes(1_000, 1_000, 0)) / 1_000).toBe(26)
  })

  it('is truncated when bytes are missing at its end, however many', () => {
    const { buffer } = topologyOf(GRAPH)
    for (let length = 0; length < buffer.byteLength; length += 1) {
      expect([length, faultOf(buffer.slice(0, length))]).toEqual([length, 'truncated'])
    }
  })

  it('is refused whichever one of its bits was flipped', () => {
    const { buffer } = topologyOf(randomGraph(3, { nodes: 5, edges: 9, shape: 'uniform' }))
    const faults = new Map<string, number>()
    for (let bit = 0; bit < buffer.byteLength * 8; bit += 1) {
      const bytes = new Uint8Array(buffer.slice(0))
      bytes[bit >>> 3] = (bytes[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
      const fault = faultOf(bytes.buffer)
      if (fault === 'none') expect.fail(`bit ${bit}`)
      faults.set(fault, (faults.get(fault) ?? 0) + 1)
    }
    expect(faults.get('version')).toBe(32)
    expect(faults.get('truncated')).toBeGreaterThan(0)
    expect(faults.get('corrupt')).toBeGreaterThan(buffer.byteLength * 7)
  })

  it('is refused whatever was overwritten in it', () => {
    const { buffer } = topologyOf(GRAPH)
    for (let seed = 1; seed <= 2_000; seed += 1) {
      const random = randomFrom(seed)
      const bytes = new Uint8Array(buffer.slice(0))
      const at = Math.floor(random() * bytes.length)
      const piece = bytes.subarray(at, at + 1 + Math.floor(random() * 64))
      const former = piece.slice()
      for (let i = 0; i < piece.length; i += 1) piece[i] = random() * 256
      const isSame = former.every((byte, i) => byte === piece[i])
      expect(faultOf(bytes.buffer) === 'none', `seed ${seed}`).toBe(isSame)
    }
  })

  it('is another thing when it is longer, of another version, or something else', () => {
    const { buffer } = topologyOf(GRAPH)
    const longer = new Uint8Array(buffer.byteLength + 8)
    longer.set(new Uint8Array(buffer))
    expect(faultOf(longer.buffer)).toBe('corrupt')
    const newer = buffer.slice(0)
    new Uint32Array(newer)[1] = 2
    expect(() => openTopology(newer)).toThrow('layout 2, this code reads layout 1')
    expect(faultOf(newer)).toBe('version')
    expect(faultOf(new Uint8Array(300).fill(123).buffer)).toBe('corrupt')
    expect(faultOf(new ArrayBuffer(0))).toBe('truncated')
  })

  it.each([
    ['nothing', { seq: 0, entities: [], relationships: [] }],
    ['isolated entities', { seq: 2, entities, relationships: [] }],
  ] satisfies [string, PlainGraph][])('may hold %s', (_, graph) => {
    const opened = openTopology(topologyOf(graph).buffer)
    expect([opened.nodes, opened.edges, opened.seq]).toEqual([graph.entities.length, 0, graph.seq])
  })

  it('finds every entity by its id and no other', () => {
    const topology = topologyOf(randomGraph(4, { nodes: 300, edges: 0, shape: 'uniform' }))
    const found = Array.from({ length: 300 }, (_, number) => findNode(topology, idOf(number)))
    expect(new Set(found).size).toBe(300)
    expect(found.includes(-1)).toBe(false)
    expect(findNode(topology, idOf(300))).toBe(-1)
    expect(findNode(topology, 'no id')).toBe(-1)
    expect(findNode(topology, idOf(7).toUpperCase())).toBe(found[7])
  })
})

describe('a topology being built', () => {
  it('is the same whatever the order in which things come', () => {
    const reversed = {
      ...GRAPH,
      entities: GRAPH.entities.toReversed(),
      relationships: GRAPH.relationships.toReversed(),
    }
    const [a, b] = [topologyOf(GRAPH), topologyOf(reversed)]
    const { ids, outTargets, outSeqs, inSources, inEdges, weights } = a
    expect({ ...b }).toMatchObject({ ids, outTargets, outSeqs, inSources, inEdges, weights })
  })

  it('refuses what it cannot hold', () => {
    const builder = () => {
      const started = new TopologyBuilder(options)
      for (const { id, type } of entities) started.addEntity(id, type)
      return started
    }
    const twice = new TopologyBuilder(options)
    twice.addEntity(idOf(1), 'person')
    twice.addEntity(idOf(1), 'person')
    expect(() => twice.finish()).toThrow('the same id')
    expect(() => builder().addEntity('x', 'person')).toThrow('not a UUID: "x"')
    expect(() => builder().addRelationship({ ...edge, to: idOf(3) })).toThrow(idOf(3))
    for (const createdSeq of [0, 1.5, MAX_CREATED_SEQ + 1]) {
      expect(() => builder().addRelationship({ ...edge, createdSeq })).toThrow(`got ${createdSeq}`)
    }
    const parallel = builder()
    parallel.addRelationship(edge)
    expect(() => parallel.addEntity(idOf(3), 'person')).toThrow('before relationships')
    parallel.addRelationship(edge)
    expect(() => parallel.finish()).toThrow('created_seq 1')
    const finished = builder()
    finished.finish()
    expect(() => finished.finish()).toThrow('finished')
    expect(() => finished.addRelationship(edge)).toThrow('finished')
  })

  it('holds created_seq up to 32 bits', () => {
    const relationships = [{ ...edge, createdSeq: MAX_CREATED_SEQ }]
    const topology = topologyOf({ seq: 2 ** 40 + 5, entities, relationships })
    const { outSeqs, seq } = openTopology(topology.buffer)
    expect([...outSeqs, seq]).toEqual([MAX_CREATED_SEQ, 2 ** 40 + 5])
  })

  it('rounds 32-bit weights, keeps 64-bit ones, and has NaN for what cannot be passed', () => {
    const weights = [0.1, 2 ** 60, 0, -1, 'heavy', undefined]
    const relationships = weights.map((weight, i) => ({ ...edge, createdSeq: i + 1, weight }))
    const graph = { seq: 9, entities, relationships }
    const passable = (bits: 32 | 64) => [...(topologyOf(graph, bits).weights ?? [])]
    const none = [Number.NaN, Number.NaN, Number.NaN]
    expect(passable(64)).toEqual([0.1, 2 ** 60, 0, ...none])
    expect(passable(32)).toEqual([Math.fround(0.1), 2 ** 60, 0, ...none])
  })
})

describe('an id in four words', () => {
  it('is the text again, and sorts like it', () => {
    const words = new Uint32Array(4)
    for (const id of [idOf(0), idOf(77), 'ffffffff-ffff-ffff-ffff-ffffffffffff', HISTORY]) {
      expect(writeUuid(id.toUpperCase(), words, 0)).toBe(true)
      expect(readUuid(words, 0)).toBe(id)
    }
  })

  it('is the same text when many are made at once', () => {
    const ids = Array.from({ length: 100 }, (_, number) => idOf(number * 7_919))
    const words = new Uint32Array(400)
    const rows = new UuidRows(200)
    for (const [place, id] of ids.entries()) {
      writeUuid(id, words, place * 4)
      rows.add(words, place * 4)
    }
    expect(rows.texts()).toEqual(ids)
    expect(new UuidRows(0).texts()).toEqual([])
  })

  it.each([
    '',
    'x'.repeat(36),
    idOf(1).replaceAll('-', '0'),
    `${idOf(1)}0`,
    `${idOf(1).slice(1)}é`,
  ])('is not made of %j', (text) => {
    expect(writeUuid(text, new Uint32Array(4), 0)).toBe(false)
  })
})

describe('the checksum', () => {
  // Made by xxHash's own code, of the words i · 2654435761.
  it.each([
    [0, 0x2cc5d05],
    [3, 2_988_060_673],
    [4, 4_127_347_304],
    [5, 3_667_186_696],
    [1_001, 3_644_785_566],
  ])('of %i words is that of XXH32', (length, hash) => {
    const words = new Uint32Array(length).map((_, i) => Math.imul(i, 2_654_435_761))
    expect(xxhash32(words)).toBe(hash)
  })
})

describe('a topology from a stream', () => {
  const built = topologyOf(GRAPH)
  const stream = (bytes: Uint8Array, pieceBytes: number) => {
    return new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += pieceBytes) {
          controller.enqueue(bytes.subarray(at, at + pieceBytes))
        }
        controller.close()
      },
    })
  }
  const bytes = new Uint8Array(built.buffer)
  const longer = new Uint8Array(bytes.length + 1)
  longer.set(bytes)

  it.each([1, 7, 64, 100, 1_000_000])(
    'is the one that was stored, in pieces of %i',
    async (piece) => {
      expect(await loadTopology(stream(bytes, piece), bytes.length)).toEqual(built)
    },
  )

  it.each([
    ['cut off', bytes.subarray(0, -1), 'truncated'],
    ['cut off in its header', bytes.subarray(0, 63), 'truncated'],
    ['of nothing', bytes.subarray(0, 0), 'truncated'],
    ['with more behind', longer, 'corrupt'],
    ['of something else', new Uint8Array(300).fill(123), 'corrupt'],
  ])('is refused when it is one %s', async (_, wrong, fault) => {
    await expect(loadTopology(stream(wrong, 50), 1e6)).rejects.toMatchObject({ fault })
  })

  it('is refused before it takes more memory than allowed', async () => {
    await expect(loadTopology(stream(bytes, 50), bytes.length - 1)).rejects.toMatchObject({
      code: 'payload_too_large',
    })
  })
})
