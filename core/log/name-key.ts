/**
 * A name as search and sorting compare it: case and compatibility forms do not count. The sigma that
 * ends a word is made like any other, or else the start of a word would not be its prefix.
 */
export function nameKey(name: string | null): string {
  return (name ?? '').normalize('NFKC').toLowerCase().replaceAll('ς', 'σ')
}
