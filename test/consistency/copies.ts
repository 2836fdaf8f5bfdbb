import { Watermarks, type WatermarksDiff } from '../../core/log/watermarks.ts'
import { WatermarksCopy } from '../../core/log/watermarks-copy.ts'
import { type Random, seededRandom } from '../durable-objects/graph-log/histories/random.ts'

const TAGS = ['a', 'b', 'c', 'd', 'e', 'f'].map((name) => `e:${name}`)
const STEPS = 30

/**
 * A log's watermarks, from objects that are restarted, grow and fold, and a copy of them that gets their
 * differences in any order, some of them never: it must not say that a tag was last touched before it
 * was. Isolates see few of these orders, and the rule holds for all (R4).
 */
export function checkCopies(seed: number): string[] {
  const random = seededRandom(seed ^ 0x5bd1e995)
  const touches: string[] = []
  let object = restarted(random, touches)
  const sent: WatermarksDiff[] = [object.since(0)]
  let copy: WatermarksCopy | null = null
  for (let step = 0; step < STEPS; step += 1) {
    if (random.chance(0.1)) object = restarted(random, touches)
    if (random.chance(0.6)) {
      const tag = random.pick(TAGS)
      touches.push(tag)
      object.touch([tag], touches.length)
    }
    const since = random.pick([0, copy?.head ?? 0, random.below(touches.length + 1)])
    if (random.chance(0.6)) sent.push(object.since(since))
    const arrived = random.pick(sent)
    if (copy) copy.merge(arrived)
    else if (arrived.since === 0) copy = new WatermarksCopy(arrived)
    const problem = copy && problemOf(copy, touches)
    if (problem) return [problem]
  }
  return []
}

/** An object that has read the newest touches again. */
function restarted(random: Random, touches: readonly string[]): Watermarks {
  const floor = random.below(touches.length + 1)
  const options = { buckets: random.pick([2, 4, 8, 64]), maxListed: random.pick([2, 100]) }
  const object = new Watermarks(floor, options)
  for (const [i, tag] of touches.entries()) if (i >= floor) object.touch([tag], i + 1)
  return object
}

function problemOf(copy: WatermarksCopy, touches: readonly string[]): string | null {
  for (const tag of TAGS) {
    const last = touches.lastIndexOf(tag, copy.head - 1) + 1
    const said = copy.lastTouched([tag])
    if (copy.head > 0 && said < last) {
      return `a copy at ${copy.head} says ${said} of ${tag}, which was touched at ${last}`
    }
  }
  return null
}
