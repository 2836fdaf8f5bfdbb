import type { Json } from '../json.ts'
import { isSameJson } from './same-json.ts'

/** Whether every document valid under `before` is surely valid under `after`. */
export function isWidening(before: Json, after: Json): boolean {
  return isSameJson(before, after) || after === true || isSameJson(after, {})
}
