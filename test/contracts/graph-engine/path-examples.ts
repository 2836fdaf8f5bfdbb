import { expect, it } from 'vitest'
import type { Path } from '../../../core/graph/engine.ts'
import type { NewEngine } from '../graph-engine.contract.ts'
import { contentsOf, hop, idOf } from './contents.ts'

function seqsOf(paths: readonly Path[]): number[][] {
  return paths.map(({ hops }) => hops.map(({ createdSeq }) => createdSeq))
}

/** Rules of paths that an engine could miss although it mostly agrees with the reference. */
export function pathExamples(newEngine: NewEngine): void {
  it('are ordered by their edges, parallel ones told apart', async () => {
    const engine = await newEngine(
      contentsOf(4, [
        [2, 3],
        [0, 2],
        [0, 1],
        [1, 3],
        [0, 1],
      ]),
    )
    const answer = await engine.paths({ from: idOf(0), to: idOf(3), k: 9 })
    expect(seqsOf(answer.paths)).toEqual([
      [6, 5],
      [7, 8],
      [9, 8],
    ])
    expect([answer.equallyShort, answer.stopped]).toEqual([3, null])
  })

  it('are at most as long as asked, those that deviate late as well', async () => {
    const engine = await newEngine(
      contentsOf(6, [
        [0, 1],
        [1, 2],
        [2, 5],
        [2, 3],
        [3, 5],
        [3, 4],
        [4, 5],
      ]),
    )
    const request = { from: idOf(0), to: idOf(5), k: 9 }
    const long = await engine.paths(request)
    expect(long.paths.map(({ hops }) => hops.length)).toEqual([3, 4, 5])
    const short = await engine.paths({ ...request, maxLength: 4 })
    expect(short.paths).toEqual(long.paths.slice(0, 2))
    expect((await engine.paths({ ...request, maxLength: 2 })).paths).toEqual([])
  })

  it('go against the direction of edges where they may', async () => {
    const engine = await newEngine(
      contentsOf(3, [
        [0, 1],
        [2, 1],
      ]),
    )
    const answer = await engine.paths({ from: idOf(0), to: idOf(2), direction: 'both' })
    expect(answer.paths[0]?.hops).toEqual([hop(4, 'out', 0), hop(5, 'in', 1)])
    expect((await engine.paths({ from: idOf(0), to: idOf(2) })).paths).toEqual([])
  })

  it('from an entity to itself are one, without edges', async () => {
    const engine = await newEngine(contentsOf(2, [[0, 0]]))
    for (const weighted of [false, true]) {
      const { paths } = await engine.paths({ from: idOf(0), to: idOf(0), k: 5, weighted })
      expect(paths).toEqual([
        { entities: [{ id: idOf(0), type: 'a' }], hops: [], weight: weighted ? 0 : null },
      ])
    }
  })

  it('are counted exactly, up to the largest number that is safe', async () => {
    const diamonds = (count: number, parallel: number) =>
      contentsOf(
        3 * count + 1,
        Array.from({ length: count }, (_, i) => 3 * i).flatMap((n) =>
          [
            [n, n + 1],
            [n, n + 2],
            [n + 1, n + 3],
            [n + 2, n + 3],
          ].flatMap(([from = 0, to = 0]) =>
            Array.from({ length: parallel }, () => [from, to] as const),
          ),
        ),
      )
    const exact = await newEngine(diamonds(50, 1))
    const many = await exact.paths({ from: idOf(0), to: idOf(150), maxLength: 100 })
    expect(many.equallyShort).toBe(2 ** 50)
    expect(many.paths[0]?.hops).toHaveLength(100)
    const more = await newEngine(diamonds(50, 2))
    const most = await more.paths({ from: idOf(0), to: idOf(150), maxLength: 100 })
    expect(most.equallyShort).toBe(Number.MAX_SAFE_INTEGER)
  })

  it('with weights prefer less weight, then fewer edges, then the earlier ones', async () => {
    const engine = await newEngine(
      contentsOf(4, [
        [0, 3, 'x', 7],
        [0, 1, 'x', 1],
        [1, 2, 'x', 0],
        [2, 3, 'x', 2],
        [1, 3, 'x', 2],
        [0, 1, 'x', 1],
        [0, 2, 'x', 'not a number'],
        [0, 2, 'x', -1],
        [0, 2, 'x'],
      ]),
    )
    const { paths, equallyShort } = await engine.paths({
      ...{ from: idOf(0), to: idOf(3), weighted: true, k: 9 },
    })
    expect(paths.map(({ weight }) => weight)).toEqual([3, 3, 3, 3, 7])
    expect(seqsOf(paths)).toEqual([[6, 9], [10, 9], [6, 7, 8], [10, 7, 8], [5]])
    expect(equallyShort).toBeNull()
  })

  it('add weights from the end, as 64-bit floats', async () => {
    const engine = await newEngine(
      contentsOf(4, [
        [0, 1, 'x', 0.1],
        [1, 2, 'x', 0.2],
        [2, 3, 'x', 0.3],
      ]),
    )
    const { paths } = await engine.paths({ from: idOf(0), to: idOf(3), weighted: true })
    expect(paths[0]?.weight).toBe(0.1 + (0.2 + 0.3))
    expect(0.1 + (0.2 + 0.3)).not.toBe(0.1 + 0.2 + 0.3)
  })

  it('may weigh more than any number', async () => {
    const engine = await newEngine(
      contentsOf(3, [
        [0, 1, 'x', Number.MAX_VALUE],
        [1, 2, 'x', Number.MAX_VALUE],
      ]),
    )
    const { paths } = await engine.paths({ from: idOf(0), to: idOf(2), weighted: true })
    expect(paths.map(({ weight }) => weight)).toEqual([Number.POSITIVE_INFINITY])
  })
}
