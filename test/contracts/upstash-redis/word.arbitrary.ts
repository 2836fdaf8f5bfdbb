import fc from 'fast-check'
import type { RedisCommand } from '../../../scripts/local/redis/backend.ts'

// Few keys and values, so that commands meet what others have left.
export const key = fc.constantFrom('a', 'b', 'c', 'd')
/** Ordered by bytes only where all scores are equal; elsewhere Redis promises nothing of BYLEX. */
export const lexKey = fc.constantFrom('lex', 'missing')
/** Apart, since Redis adds fractions to numbers of this size by long doubles, which round. */
export const hugeKey = fc.constantFrom('huge', 'hugest')
export const member = fc.constantFrom('', 'x', 'y', 'z', '10', '-3', '1.5', 'OK', '\x00\xff\n')
export const integer = fc.constantFrom('0', '1', '2', '-1', '-2', '5', '100', '01', '1.5', '', ' 1')
export const hugeAmount = fc.oneof(
  integer,
  fc.constantFrom('9223372036854775807', '-9223372036854775808'),
)
/** Exact in binary: of others Redis shows the digits that a long double gets wrong. */
export const fraction = fc.constantFrom('0.5', '-0.25', '1e2', '3', 'x', '')
export const score = fc.constantFrom(
  '0',
  '1',
  '2',
  '-1',
  '1.5',
  '1e3',
  'inf',
  '-inf',
  'nan',
  'x',
  '',
)
// Not the empty string, which Redis takes for 0 here.
export const scoreEnd = fc.constantFrom(
  '0',
  '1',
  '-1',
  '1.5',
  'inf',
  '-inf',
  '(1',
  '(-inf',
  '+inf',
  '(x',
  'x',
)
export const lexEnd = fc.constantFrom('-', '+', '[x', '(x', '[z', '(z', 'x', '')
export const pattern = fc.constantFrom(
  '*',
  '?',
  '[a-c]',
  '[^a]',
  '\\a',
  'x*',
  '*1*',
  '[',
  '[z-a]',
  '',
)
/** Also given as milliseconds: none ends while a test runs. */
export const seconds = fc.constantFrom('1000000', '2000000', '0', '-1', 'x', '9223372036854775807')

type Word = fc.Arbitrary<string>
type Part = Word | fc.Arbitrary<readonly string[]>

export function words(...options: string[]): Word {
  return fc.constantFrom(...options)
}

export function maybe(part: Part): fc.Arbitrary<readonly string[]> {
  return fc.oneof(fc.constant([]), listOf(part))
}

export function some(part: Part, maxLength = 3): fc.Arbitrary<readonly string[]> {
  return fc.array(listOf(part), { maxLength }).map((lists) => lists.flat())
}

export function listOf(part: Part): fc.Arbitrary<readonly string[]> {
  return part.map((value) => (typeof value === 'string' ? [value] : value))
}

export function both(...parts: Part[]): fc.Arbitrary<readonly string[]> {
  return fc.tuple(...parts.map(listOf)).map((lists) => lists.flat())
}

export function command(name: string, ...parts: Part[]): fc.Arbitrary<RedisCommand> {
  return both(...parts).map((rest) => [name, ...rest])
}

export const expiry = both(words('EX', 'PX', 'EXAT', 'PXAT', 'ex'), seconds)
export const rangeOptions = some(
  fc.oneof(
    words('REV', 'WITHSCORES', 'BYSCORE', 'OOPS').map((word) => [word]),
    both(words('LIMIT'), integer, integer),
  ),
)
