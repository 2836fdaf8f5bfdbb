import { type FieldError, invalid } from '../errors.ts'
import {
  type CommonRequest,
  type ComponentRequest,
  type DegreeRequest,
  type Filters,
  MAX_CANDIDATES,
  MAX_DEPTH,
  MAX_EDGES,
  MAX_LISTED,
  MAX_LISTED_EDGES,
  MAX_PATH_LENGTH,
  MAX_PATHS,
  MAX_STARTS,
  MAX_TYPES,
  type PathsRequest,
  type SubgraphRequest,
  type TraverseRequest,
} from './engine.ts'

type Requests = TraverseRequest &
  SubgraphRequest &
  PathsRequest &
  ComponentRequest &
  DegreeRequest &
  CommonRequest

/** Least and most of each number of a request. */
const RANGES: Readonly<Partial<Record<keyof Requests, readonly [number, number]>>> = {
  maxEdges: [0, MAX_EDGES],
  depth: [0, MAX_DEPTH],
  limit: [0, MAX_LISTED],
  edgeLimit: [0, MAX_LISTED_EDGES],
  k: [1, MAX_PATHS],
  maxLength: [0, MAX_PATH_LENGTH],
}

/** Least and most entries of each list of a request. */
const LENGTHS: Readonly<Partial<Record<keyof Requests, readonly [number, number]>>> = {
  starts: [1, MAX_STARTS],
  types: [0, MAX_TYPES],
  entityTypes: [0, MAX_TYPES],
  candidates: [0, MAX_CANDIDATES],
}

/** Throws `invalid` with every field of the request that is out of the bounds of the contract. */
export function checkRequest(
  request: Filters & { readonly [K in keyof Requests]?: unknown },
): void {
  const errors: FieldError[] = []
  for (const field of Object.keys(request)) {
    const value: unknown = request[field as keyof Requests]
    const range = RANGES[field as keyof Requests]
    if (range && value !== undefined) {
      const isInside =
        Number.isInteger(value) && Number(value) >= range[0] && Number(value) <= range[1]
      if (!isInside)
        errors.push(problem(field, `a whole number from ${range.join(' to ')}, got ${value}`))
    }
    const lengths = LENGTHS[field as keyof Requests]
    if (lengths && Array.isArray(value)) {
      const isInside = value.length >= lengths[0] && value.length <= lengths[1]
      if (!isInside) {
        errors.push(
          problem(field, `a list of ${lengths.join(' to ')} entries, got ${value.length}`),
        )
      }
    }
  }
  if (request.weighted === true && request.maxLength !== undefined) {
    errors.push({ pointer: '/maxLength', message: 'cannot be given together with weighted' })
  }
  if (errors.length > 0) throw invalid(errors)
}

function problem(field: string, what: string): FieldError {
  return { pointer: `/${field}`, message: `must be ${what}` }
}
