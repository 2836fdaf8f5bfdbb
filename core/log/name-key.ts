/** A name as search and sorting compare it: case and compatibility forms do not count. */
export function nameKey(name: string | null): string {
  return (name ?? '').normalize('NFKC').toLowerCase()
}
