import { expect, it } from 'vitest'
import { notFound } from '../../../core/errors.ts'
import { problemResponse } from '../../../workers/api/problem.ts'

it('says of an absence that it is older than asked for, as of any other answer', () => {
  const staleOf = (error: Error) =>
    problemResponse(error, 'request', '/').headers.get('tendril-stale')
  expect(staleOf(notFound('this entity', { isStale: true }))).toBe('1')
  expect(staleOf(notFound('this entity'))).toBeNull()
})
