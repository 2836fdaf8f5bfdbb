/** What the search looks for. The message begins with the invariant's number. */
export class Violation extends Error {
  override readonly name = 'Violation'
}
