import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isJsonObject, type Json, type JsonObject, mergePatch } from '../../core/json.ts'

const parse = (text: string): Json => JSON.parse(text)

function parseObject(text: string): JsonObject {
  const value = parse(text)
  if (!isJsonObject(value)) throw new TypeError(`${text} is not an object`)
  return value
}

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const child of Object.values(value)) frozen(child)
    Object.freeze(value)
  }
  return value
}

/** Any JSON, with few keys, so that targets and patches meet. */
const { json, object } = fc.letrec<{ json: Json; object: JsonObject }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom<Json>(null, true, 1, 'text'),
    fc.array(tie('json'), { maxLength: 2 }),
    tie('object'),
  ),
  object: fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor'), tie('json'), {
    maxKeys: 4,
  }),
}))

describe('a merge patch', () => {
  // RFC 7396, appendix A: target, patch, result.
  it.each([
    ['{"a":"b"}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"b"}', '{"b":"c"}', '{"a":"b","b":"c"}'],
    ['{"a":"b"}', '{"a":null}', '{}'],
    ['{"a":"b","b":"c"}', '{"a":null}', '{"b":"c"}'],
    ['{"a":["b"]}', '{"a":"c"}', '{"a":"c"}'],
    ['{"a":"c"}', '{"a":["b"]}', '{"a":["b"]}'],
    ['{"a":{"b":"c"}}', '{"a":{"b":"d","c":null}}', '{"a":{"b":"d"}}'],
    ['{"a":[{"b":"c"}]}', '{"a":[1]}', '{"a":[1]}'],
    ['{"e":null}', '{"a":1}', '{"e":null,"a":1}'],
    ['[1,2]', '{"a":"b","c":null}', '{"a":"b"}'],
    ['{}', '{"a":{"bb":{"ccc":null}}}', '{"a":{"bb":{}}}'],
  ])('does what RFC 7396 says: %s with %s is %s', (target, patch, result) => {
    expect(JSON.stringify(mergePatch(parse(target), parseObject(patch)))).toBe(result)
  })

  // The appendix's patches that are no objects, one level down: ours are objects at the top.
  it.each([
    ['["a","b"]', '["c","d"]', '{"v":["c","d"]}'],
    ['{"a":"b"}', '["c"]', '{"v":["c"]}'],
    ['{"a":"foo"}', 'null', '{}'],
    ['{"a":"foo"}', '"bar"', '{"v":"bar"}'],
  ])('replaces or removes a member: %s with %s is %s', (target, patch, result) => {
    const merged = mergePatch({ v: parse(target) }, { v: parse(patch) })
    expect(JSON.stringify(merged)).toBe(result)
  })

  it('of nothing yields the patch without its nulls', () => {
    const patch = { a: 1, b: null, c: { d: null, e: [null] } }
    expect(mergePatch(undefined, patch)).toEqual({ a: 1, c: { e: [null] } })
  })

  it('changes neither the target nor the patch', () => {
    fc.assert(
      fc.property(json, object, (target, patch) => {
        const before = JSON.stringify([target, patch])
        mergePatch(frozen(target), frozen(patch))
        expect(JSON.stringify([target, patch])).toBe(before)
      }),
    )
  })

  it('done twice is done once', () => {
    fc.assert(
      fc.property(json, object, (target, patch) => {
        const once = mergePatch(target, patch)
        expect(JSON.stringify(mergePatch(once, patch))).toBe(JSON.stringify(once))
      }),
    )
  })

  it('leaves every member as the patch says, or as it was', () => {
    fc.assert(
      fc.property(object, object, (target, patch) => {
        const merged = mergePatch(target, patch)
        for (const key of new Set([...Object.keys(target), ...Object.keys(patch)])) {
          const expected = Object.hasOwn(patch, key) ? patch[key] : target[key]
          if (isJsonObject(expected) && Object.hasOwn(patch, key)) {
            const old = Object.hasOwn(target, key) ? target[key] : undefined
            expect(JSON.stringify(merged[key])).toBe(JSON.stringify(mergePatch(old, expected)))
          } else {
            expect(Object.hasOwn(merged, key)).toBe(expected !== null || !Object.hasOwn(patch, key))
            if (Object.hasOwn(merged, key)) {
              expect(JSON.stringify(merged[key])).toBe(JSON.stringify(expected))
            }
          }
        }
      }),
    )
  })

  it('takes a member called __proto__ for data, not for a prototype', () => {
    const patch = parseObject('{"__proto__":{"isAdmin":true},"a":{"__proto__":{"isAdmin":true}}}')
    const merged = mergePatch(parseObject('{"__proto__":{"old":1}}'), patch)
    expect(JSON.stringify(merged)).toBe(
      '{"__proto__":{"old":1,"isAdmin":true},"a":{"__proto__":{"isAdmin":true}}}',
    )
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect('isAdmin' in merged).toBe(false)
    expect('isAdmin' in {}).toBe(false)
    expect(Object.keys(mergePatch(merged, parseObject('{"__proto__":null}')))).toEqual(['a'])
  })
})

describe('a JSON object', () => {
  it('is neither null nor an array nor a plain value', () => {
    expect(isJsonObject({})).toBe(true)
    for (const other of [null, undefined, [], 'a', 1, true]) expect(isJsonObject(other)).toBe(false)
  })
})
