/** At most `count` different items, in random order. `random` gives numbers in [0, 1). */
export function pickDistinct<T>(items: readonly T[], count: number, random: () => number): T[] {
  const left = [...items]
  const picked: T[] = []
  while (picked.length < count) {
    const last = left.pop()
    if (last === undefined) break
    // Fisher and Yates: the last one takes the place of the picked one.
    const index = Math.floor(random() * (left.length + 1))
    const other = left[index]
    picked.push(other ?? last)
    if (other !== undefined) left[index] = last
  }
  return picked
}

/** `count` items, the same one perhaps several times; none when there are none. */
export function pickRepeating<T>(items: readonly T[], count: number, random: () => number): T[] {
  if (items.length === 0) return []
  return Array.from({ length: count }, () => items[Math.floor(random() * items.length)]).filter(
    (item) => item !== undefined,
  )
}
