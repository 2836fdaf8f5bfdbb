/**
 * Draws ranks 0 to `count - 1`, rank r with a probability proportional to 1 / (r + 1) ^ exponent, as
 * YCSB does with 0.99. By inverting the cumulative distribution.
 */
export function zipf(count: number, exponent: number, random: () => number): () => number {
  const cumulative = new Float64Array(count)
  let total = 0
  for (let rank = 0; rank < count; rank += 1) {
    total += 1 / (rank + 1) ** exponent
    cumulative[rank] = total
  }
  return () => {
    const wanted = random() * total
    let [low, high] = [0, count - 1]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((cumulative[middle] ?? 0) < wanted) low = middle + 1
      else high = middle
    }
    return low
  }
}
