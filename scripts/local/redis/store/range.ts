/** The items from one position to another, both included; negative ones count from the end. */
export function sliceRange<T>(items: readonly T[], start: number, end: number): T[] {
  const first = Math.max(start < 0 ? items.length + start : start, 0)
  const last = end < 0 ? items.length + end : end
  return items.slice(first, Math.max(last + 1, 0))
}
