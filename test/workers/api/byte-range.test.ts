import { expect, it } from 'vitest'
import { byteRangeOf } from '../../../workers/api/byte-range.ts'

it.each([
  ['bytes=0-0', { offset: 0, length: 1 }],
  ['bytes=3-', { offset: 3, length: 7 }],
  ['bytes=-3', { offset: 7, length: 3 }],
  ['bytes=-30', { offset: 0, length: 10 }],
  ['bytes=2-99', { offset: 2, length: 8 }],
])('%s of ten bytes is a part', (header, part) => {
  expect(byteRangeOf(header, 10)).toEqual(part)
})

it.each([
  undefined,
  '',
  'bytes=',
  'bytes=-',
  'bytes=5-4',
  'bytes=0-1,2-3',
  'lines=1-2',
  'bytes=a-b',
])('%s is all of it', (header) => {
  expect(byteRangeOf(header, 10)).toBeNull()
})

it.each([
  ['bytes=10-', 10],
  ['bytes=-0', 10],
  ['bytes=0-', 0],
  ['bytes=-5', 0],
])('%s of %d bytes cannot be given', (header, bytes) => {
  expect(() => byteRangeOf(header, bytes)).toThrow(`the file has ${bytes} bytes`)
})
