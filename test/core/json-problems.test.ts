import { describe, expect, it } from 'vitest'
import { parseJsonExactly } from '../../core/json-problems.ts'

const LONG = '9007199254740993'

describe('an integer that no double can hold', () => {
  it.each([
    ['', LONG],
    ['', ` ${LONG}`],
    ['', `-${LONG}`],
    ['/0', `[${LONG}]`],
    ['/1', `[1,${LONG}]`],
    ['/1', `[1,\n-${LONG}]`],
    ['/a', `{"a":${LONG}}`],
    ['/a', `{"a":\t${LONG}0}`],
  ])('is found at %j of %j', (pointer, text) => {
    const { problems } = parseJsonExactly(text)
    expect(problems.map((each) => each.pointer)).toEqual([pointer])
  })

  it.each([
    '9007199254740992',
    '[0.1234567890123456789]',
    `{"a":"${LONG}"}`,
    `["-${LONG}", ",${LONG}"]`,
    '10000000000000000000000',
    '1e400000000000000001',
  ])('is not seen in %j', (text) => {
    expect(parseJsonExactly(text)).toEqual({ value: JSON.parse(text), problems: [] })
  })
})
